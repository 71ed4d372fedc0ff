"""An index of repeats alone in place of one that has all statements, of which nearly all repeat nothing."""

import django.db.models.deletion
from django.db import migrations, models

from stances import search_index


def take_triggers_away(apps, schema_editor):
    search_index.before_migration()


class Migration(migrations.Migration):

    dependencies = [
        ('stances', '0019_first_positions'),
    ]

    operations = [
        # On SQLite a table that is remade fails on its triggers, which come back after all migrations.
        migrations.RunPython(take_triggers_away, take_triggers_away),
        migrations.AlterField(
            model_name='statement',
            name='repeats',
            field=models.ForeignKey(blank=True, db_index=False, help_text='The statement whose words are printed here again. It must be no repeat itself.', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='repeated_by', to='stances.statement'),
        ),
        migrations.AddIndex(
            model_name='statement',
            index=models.Index(models.F('repeats'), models.F('status'), condition=models.Q(('repeats__isnull', False)), name='statement_repeats'),
        ),
    ]
