"""Packages of the archive, their history, and requests to read."""

import django.contrib.postgres.indexes
import django.contrib.postgres.search
import django.db.models.deletion
import onecity.kernel.core.clock
import onecity.kernel.core.ids
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('records', '0004_seal_walls'),
    ]

    operations = [
        migrations.CreateModel(
            name='ArchivePackage',
            fields=[
                ('id', models.UUIDField(default=onecity.kernel.core.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('source_key', models.CharField(max_length=200, unique=True)),
                ('call_number', models.CharField(max_length=80, unique=True, verbose_name='File number')),
                ('fonds', models.CharField(max_length=18)),
                ('year', models.PositiveSmallIntegerField()),
                ('order', models.PositiveIntegerField()),
                ('number', models.CharField(db_index=True, max_length=64, verbose_name='Number of the matter')),
                ('kind', models.CharField(max_length=64, verbose_name='Kind')),
                ('title', models.CharField(max_length=300, verbose_name='Title')),
                ('office', models.CharField(max_length=200, verbose_name='Office')),
                ('division_path', models.TextField(db_collation='C', verbose_name='Division')),
                ('outcome', models.CharField(max_length=100, verbose_name='Outcome')),
                ('restricted', models.BooleanField(default=True)),
                ('retention', models.CharField(max_length=4)),
                ('kept_until', models.DateField(blank=True, null=True)),
                ('closed_at', models.DateTimeField()),
                ('archived_at', models.DateTimeField(default=onecity.kernel.core.clock.now)),
                ('size', models.BigIntegerField()),
                ('files', models.PositiveIntegerField()),
                ('sha256', models.CharField(max_length=64)),
                ('sm3', models.CharField(max_length=64)),
                ('report', models.JSONField()),
                ('state', models.CharField(choices=[('kept', 'Kept'), ('proposed', 'Disposal proposed'), ('disposed', 'Disposed of')], default='kept', max_length=10)),
                ('held', models.BooleanField(default=False)),
                ('soundness', models.CharField(choices=[('sound', 'Sound'), ('damaged', 'Damaged'), ('missing', 'Missing')], default='sound', max_length=10)),
                ('looked_at', models.DateTimeField(default=onecity.kernel.core.clock.now)),
                ('search', django.contrib.postgres.search.SearchVectorField(null=True)),
            ],
            options={
                'verbose_name': 'Archived matter',
                'verbose_name_plural': 'Archived matters',
                'indexes': [models.Index(fields=['division_path', '-archived_at'], name='archive_by_place'), models.Index(condition=models.Q(('state', 'disposed'), _negated=True), fields=['looked_at'], name='archive_by_look'), models.Index(condition=models.Q(('state', 'kept')), fields=['kept_until'], name='archive_by_end'), django.contrib.postgres.indexes.GinIndex(fields=['search'], name='archive_search')],
                'constraints': [models.UniqueConstraint(fields=('fonds', 'year', 'order'), name='archive_order_once')],
            },
        ),
        migrations.CreateModel(
            name='ArchiveEvent',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('at', models.DateTimeField(default=onecity.kernel.core.clock.now)),
                ('what', models.CharField(max_length=32)),
                ('actor_id', models.UUIDField(blank=True, null=True)),
                ('reason', models.CharField(blank=True, max_length=300)),
                ('detail', models.JSONField(default=dict)),
                ('package', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='events', to='records.archivepackage')),
            ],
            options={
                'indexes': [models.Index(fields=['package', '-at'], name='archive_event_by_package')],
            },
        ),
        migrations.CreateModel(
            name='ReadingRequest',
            fields=[
                ('id', models.UUIDField(default=onecity.kernel.core.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('reader_id', models.UUIDField()),
                ('purpose', models.CharField(max_length=300, verbose_name='What for')),
                ('asked_at', models.DateTimeField(default=onecity.kernel.core.clock.now)),
                ('decided_at', models.DateTimeField(blank=True, null=True)),
                ('decided_by_id', models.UUIDField(blank=True, null=True)),
                ('allowed_until', models.DateTimeField(blank=True, null=True)),
                ('package', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='requests', to='records.archivepackage')),
            ],
            options={
                'verbose_name': 'Request to read',
                'verbose_name_plural': 'Requests to read',
                'constraints': [models.UniqueConstraint(condition=models.Q(('decided_at', None)), fields=('package', 'reader_id'), name='archive_one_open_request')],
            },
        ),
    ]
