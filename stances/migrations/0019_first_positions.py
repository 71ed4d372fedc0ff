from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('stances', '0018_repeats_by_series'),
    ]

    operations = [
        migrations.AddIndex(
            model_name='position',
            index=models.Index(models.F('topic'), models.F('actor'), condition=models.Q(('previous_value', None)), name='position_series'),
        ),
    ]
