"""Full-text search. What it makes is derived from the other tables: it is described in stances/search_index.py alone."""

from django.db import migrations

from stances import search_index


def create(apps, schema_editor):
    search_index.create()


def drop(apps, schema_editor):
    search_index.drop()


class Migration(migrations.Migration):

    dependencies = [("stances", "0003_dismissal")]

    operations = [migrations.RunPython(create, drop)]
