"""Terminals, their state, cards and prints."""

import django.contrib.postgres.fields
import django.db.models.deletion
import onecity.kernel.core.clock
import onecity.kernel.core.ids
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
    ]

    operations = [
        migrations.CreateModel(
            name='Terminal',
            fields=[
                ('id', models.UUIDField(default=onecity.kernel.core.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('name', models.CharField(max_length=80, verbose_name='Name')),
                ('place', models.CharField(max_length=200, verbose_name='Place of the terminal')),
                ('division_path', models.TextField(db_collation='C', verbose_name='Division')),
                ('secret_hash', models.CharField(max_length=64, unique=True)),
                ('items', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=48), blank=True, default=list, size=None)),
                ('active', models.BooleanField(default=True)),
                ('made_at', models.DateTimeField(default=onecity.kernel.core.clock.now)),
            ],
            options={
                'verbose_name': 'Self-service terminal',
                'verbose_name_plural': 'Self-service terminals',
                'ordering': ['division_path', 'name'],
            },
        ),
        migrations.CreateModel(
            name='CardReading',
            fields=[
                ('terminal', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='reading', serialize=False, to='kiosk.terminal')),
                ('sealed', models.BinaryField()),
                ('read_at', models.DateTimeField(default=onecity.kernel.core.clock.now)),
            ],
        ),
        migrations.CreateModel(
            name='TerminalState',
            fields=[
                ('terminal', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='state', serialize=False, to='kiosk.terminal')),
                ('seen_at', models.DateTimeField(default=onecity.kernel.core.clock.now)),
                ('version', models.CharField(blank=True, max_length=40)),
                ('reader', models.CharField(default='unknown', max_length=20)),
                ('printer', models.CharField(default='unknown', max_length=20)),
                ('paper_percent', models.PositiveSmallIntegerField(blank=True, null=True)),
            ],
        ),
        migrations.CreateModel(
            name='PrintJob',
            fields=[
                ('id', models.UUIDField(default=onecity.kernel.core.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('account_id', models.UUIDField()),
                ('certificate_id', models.UUIDField()),
                ('language', models.CharField(default='zh-hans', max_length=10)),
                ('state', models.CharField(choices=[('waiting', 'Waiting for the printer'), ('taken', 'Being printed'), ('printed', 'Printed'), ('failed', 'Not printed')], default='waiting', max_length=10)),
                ('reason', models.CharField(blank=True, max_length=200)),
                ('asked_at', models.DateTimeField(default=onecity.kernel.core.clock.now)),
                ('ended_at', models.DateTimeField(blank=True, null=True)),
                ('terminal', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='jobs', to='kiosk.terminal')),
            ],
            options={
                'indexes': [models.Index(condition=models.Q(('ended_at', None)), fields=['terminal', 'asked_at'], name='kiosk_open_jobs')],
            },
        ),
    ]
