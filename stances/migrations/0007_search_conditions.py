"""Search looks into the conditions of stances too, and finds by the actors and topics spoken of: the index is remade."""

from django.db import migrations

from stances import search_index


def remake(apps, schema_editor):
    search_index.drop()
    search_index.create()


class Migration(migrations.Migration):

    dependencies = [("stances", "0006_import")]

    operations = [migrations.RunPython(remake, migrations.RunPython.noop)]
