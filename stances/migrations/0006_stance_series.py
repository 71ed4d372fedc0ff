from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("stances", "0005_dismissal_history")]

    operations = [
        migrations.RemoveIndex(model_name="stance", name="stance_series"),
        migrations.AddIndex(
            model_name="stance",
            index=models.Index(
                models.F("actor"),
                models.F("topic"),
                models.F("stated_on"),
                condition=models.Q(("public", True)),
                name="stance_series",
            ),
        ),
        migrations.AddIndex(
            model_name="stance",
            index=models.Index(
                models.F("speaker"),
                models.OrderBy(models.F("stated_on"), descending=True),
                models.OrderBy(models.F("id"), descending=True),
                condition=models.Q(("public", True)),
                name="stance_by_speaker",
            ),
        ),
    ]
