"""The three roles of the desk, as groups with their permissions."""

from django.contrib.auth.management import create_permissions
from django.db import migrations

CURATED = ["actor", "affiliation", "topic", "source", "statement", "stance"]
VIEW = [f"stances.view_{model}" for model in [*CURATED, "position", "formerslug"]]

CODER = [
    *VIEW,
    *(f"stances.add_{model}" for model in ["actor", "source", "statement", "stance"]),
    # The admin narrows these to a coder's own drafts.
    *(f"stances.{action}_{model}" for action in ["change", "delete"] for model in ["statement", "stance"]),
    "stances.submit_statement",
]
EDITOR = [
    *VIEW,
    *(f"stances.{action}_{model}" for action in ["add", "change", "delete"] for model in CURATED),
    "stances.submit_statement",
    "stances.review_statement",
    "stances.retract_statement",
    "stances.merge_actor",
]
ADMINISTRATOR = [
    *EDITOR,
    *(f"auth.{action}_user" for action in ["view", "add", "change"]),
    "auth.view_group",  # whoever changes what a group may do is a superuser
]
ROLES = {"coder": CODER, "editor": EDITOR, "administrator": ADMINISTRATOR}


def make_groups(apps, schema_editor):
    using = schema_editor.connection.alias
    for label in ["stances", "auth"]:  # Django makes permissions after the last migration, too late for this one
        config = apps.get_app_config(label)
        module, config.models_module = getattr(config, "models_module", None), True
        create_permissions(config, apps=apps, using=using, verbosity=0)
        config.models_module = module
    Group, Permission = apps.get_model("auth", "Group"), apps.get_model("auth", "Permission")
    known = {
        f"{permission.content_type.app_label}.{permission.codename}": permission
        for permission in Permission.objects.using(using).select_related("content_type")
    }
    for name, permissions in ROLES.items():
        group, _ = Group.objects.using(using).get_or_create(name=name)
        group.permissions.add(*(known[permission] for permission in permissions))


def remove_groups(apps, schema_editor):
    apps.get_model("auth", "Group").objects.using(schema_editor.connection.alias).filter(name__in=ROLES).delete()


class Migration(migrations.Migration):
    dependencies = [
        ("stances", "0001_initial"),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("contenttypes", "0002_remove_content_type_name"),
    ]

    operations = [migrations.RunPython(make_groups, remove_groups)]
