"""Texts of ASCII alone are read for search without a look at how they are composed; entries stay as they are."""

from django.db import migrations

from stances import search_index


def replace(apps, schema_editor):
    search_index.replace_readers()


class Migration(migrations.Migration):

    dependencies = [("stances", "0014_counts_of_topics")]

    operations = [migrations.RunPython(replace, migrations.RunPython.noop)]
