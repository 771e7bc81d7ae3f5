"""What the archive did not take, with the reason; read by staff of the place, written by the worker alone."""

import django.db.models.deletion
import onecity.kernel.core.clock
from django.db import migrations, models

from onecity.kernel.access.rls import RowSecurityPerCommand


class Migration(migrations.Migration):

    dependencies = [
        ('applying', '0002_walls'),
    ]

    operations = [
        migrations.CreateModel(
            name='ArchiveRefusal',
            fields=[
                ('application', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='archive_refusal', serialize=False, to='applying.application')),
                ('reason', models.TextField()),
                ('at', models.DateTimeField(default=onecity.kernel.core.clock.now)),
            ],
        ),
        RowSecurityPerCommand(
            "applying_archiverefusal",
            select="EXISTS (SELECT 1 FROM applying_application a WHERE a.id = application_id)",
        ),
    ]
