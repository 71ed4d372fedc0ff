"""Whoever may import sees what was imported."""

from django.db import migrations

ROLES = ["editor", "administrator"]


def let_see(apps, schema_editor):
    using = schema_editor.connection.alias
    ContentType, Permission = apps.get_model("contenttypes", "ContentType"), apps.get_model("auth", "Permission")
    kind, _ = ContentType.objects.using(using).get_or_create(app_label="stances", model="import")
    # Django makes permissions after the last migration, too late for this one.
    seen, _ = Permission.objects.using(using).get_or_create(
        content_type=kind, codename="view_import", defaults={"name": "Can view import"}
    )
    for group in apps.get_model("auth", "Group").objects.using(using).filter(name__in=ROLES):
        group.permissions.add(seen)


class Migration(migrations.Migration):
    dependencies = [
        ("stances", "0010_series_in_order"),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("contenttypes", "0002_remove_content_type_name"),
    ]

    operations = [migrations.RunPython(let_see, migrations.RunPython.noop)]
