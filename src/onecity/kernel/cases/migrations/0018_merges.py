"""Cases that tell of the same thing: pairs found, merges, and how far was looked."""

import django.db.models.deletion
import onecity.kernel.core.clock
from django.db import migrations, models

from onecity.kernel.access.rls import RowSecurityThrough

SEEN = "EXISTS (SELECT 1 FROM cases_case c WHERE c.id = case_id)"


class Migration(migrations.Migration):

    dependencies = [
        ('cases', '0017_rounds'),
    ]

    operations = [
        migrations.CreateModel(
            name='DuplicateCursor',
            fields=[
                ('id', models.PositiveSmallIntegerField(default=1, primary_key=True, serialize=False)),
                ('seen', models.UUIDField(null=True)),
            ],
        ),
        migrations.CreateModel(
            name='Merge',
            fields=[
                ('case', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, primary_key=True, related_name='merge', serialize=False, to='cases.case')),
                ('before', models.JSONField(default=dict)),
                ('into_started_at', models.DateTimeField()),
                ('at', models.DateTimeField(default=onecity.kernel.core.clock.now)),
                ('by_id', models.UUIDField(blank=True, null=True)),
                ('into', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='merges', to='cases.case')),
            ],
        ),
        migrations.CreateModel(
            name='DuplicatePair',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('score', models.FloatField()),
                ('facts', models.JSONField(default=dict)),
                ('state', models.CharField(choices=[('pending', 'To be decided'), ('merged', 'Merged'), ('different', 'Not the same')], default='pending', max_length=10)),
                ('found_at', models.DateTimeField(default=onecity.kernel.core.clock.now)),
                ('decided_by_id', models.UUIDField(blank=True, null=True)),
                ('decided_at', models.DateTimeField(blank=True, null=True)),
                ('case', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='cases.case')),
                ('other', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='cases.case')),
            ],
            options={
                'indexes': [models.Index(condition=models.Q(('state', 'pending')), fields=['-score', 'id'], name='case_pair_pending')],
                'constraints': [models.UniqueConstraint(fields=('case', 'other'), name='case_pair_once')],
            },
        ),
        RowSecurityThrough("cases_duplicatepair", SEEN, commands=("select", "update")),
        RowSecurityThrough("cases_merge", SEEN, commands=("select", "insert", "delete")),
    ]
