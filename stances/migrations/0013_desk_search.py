"""Statements by speaker and day; the desk searches what is not published by an index of its own: both are made anew."""

import django.db.models.deletion
from django.db import migrations, models

from stances import search_index


def take_away(apps, schema_editor):
    search_index.drop()


def make(apps, schema_editor):
    search_index.create()


class Migration(migrations.Migration):

    dependencies = [
        ('stances', '0012_subject'),
    ]

    operations = [
        # On SQLite a table that is remade fails on its triggers.
        migrations.RunPython(take_away, make),
        migrations.AlterField(
            model_name='statement',
            name='speaker',
            field=models.ForeignKey(db_index=False, help_text='Who said it.', on_delete=django.db.models.deletion.PROTECT, related_name='statements', to='stances.actor'),
        ),
        migrations.AddIndex(
            model_name='statement',
            index=models.Index(models.F('speaker'), models.F('latest'), name='statement_by_speaker'),
        ),
        migrations.RunPython(make, take_away),
    ]
