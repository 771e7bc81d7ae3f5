"""The catalogue of services: what there is, every version of it, and the walls around drafts."""

import django.db.models.deletion
import onecity.kernel.core.clock
import onecity.kernel.core.ids
from django.db import migrations, models

from onecity.kernel.access.rls import RowSecurityPerCommand
from onecity.kernel.access.session import CURRENT_ACCOUNT


def _holds(*permissions: str) -> str:
    names = ", ".join(f"'{name}'" for name in (*permissions, "*"))
    return (
        f"EXISTS (SELECT 1 FROM access_grant WHERE account_id = {CURRENT_ACCOUNT} AND permission IN ({names}) "
        "AND valid_from <= statement_timestamp() AND (valid_to IS NULL OR valid_to > statement_timestamp()))"
    )


SEES, WRITES, PUBLISHES = _holds("items.view", "items.edit", "items.publish"), _holds("items.edit"), _holds("items.publish")
BOTH = _holds("items.edit", "items.publish")
# what is published is for everybody and never changes; it bears the name of whoever published it
PUBLISH = f"""
CREATE POLICY onecity_update ON services_itemversion FOR UPDATE TO onecity_app
    USING (state <> 'published' AND {BOTH})
    WITH CHECK ({BOTH} AND (state <> 'published' OR (published_by_id = {CURRENT_ACCOUNT} AND {PUBLISHES})));
"""
NOT_PUBLISH = "DROP POLICY onecity_update ON services_itemversion;"


class Migration(migrations.Migration):

    initial = True

    dependencies = [("access", "0001_initial")]

    operations = [
        migrations.CreateModel(
            name='ServiceItem',
            fields=[
                ('id', models.UUIDField(default=onecity.kernel.core.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('sort', models.CharField(choices=[('item', 'Service item'), ('bundle', 'One-thing bundle'), ('table', 'Decision table')], default='item', max_length=8)),
                ('code', models.CharField(db_collation='C', max_length=48)),
                ('department', models.CharField(blank=True, max_length=40)),
                ('status', models.CharField(choices=[('1', 'In use'), ('2', 'Suspended'), ('3', 'Cancelled')], default='1', max_length=1)),
                ('status_note', models.JSONField(blank=True, default=dict)),
                ('status_since', models.DateTimeField(default=onecity.kernel.core.clock.now)),
            ],
            options={
                'verbose_name': 'Service item',
                'verbose_name_plural': 'Service items',
                'constraints': [models.UniqueConstraint(fields=('sort', 'code'), name='service_item_code')],
            },
        ),
        migrations.CreateModel(
            name='ItemVersion',
            fields=[
                ('id', models.UUIDField(default=onecity.kernel.core.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('number', models.PositiveIntegerField(blank=True, null=True)),
                ('based_on', models.PositiveIntegerField(default=0)),
                ('content', models.JSONField(default=dict)),
                ('digest', models.CharField(blank=True, max_length=64)),
                ('state', models.CharField(choices=[('draft', 'Being written'), ('review', 'Waiting for review'), ('reviewed', 'Reviewed'), ('published', 'Published'), ('dropped', 'Given up')], default='draft', max_length=10)),
                ('effective_from', models.DateTimeField(blank=True, null=True)),
                ('author_id', models.UUIDField(blank=True, null=True)),
                ('author_name', models.CharField(blank=True, max_length=200)),
                ('editors', models.JSONField(default=list)),
                ('comment', models.CharField(blank=True, max_length=500)),
                ('answer', models.CharField(blank=True, max_length=500)),
                ('reviewer_id', models.UUIDField(blank=True, null=True)),
                ('reviewer_name', models.CharField(blank=True, max_length=200)),
                ('published_by_id', models.UUIDField(blank=True, null=True)),
                ('published_at', models.DateTimeField(blank=True, null=True)),
                ('revision', models.PositiveIntegerField(default=1)),
                ('changed_at', models.DateTimeField(default=onecity.kernel.core.clock.now)),
                ('item', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='versions', to='services.serviceitem')),
            ],
            options={
                'verbose_name': 'Version of a service item',
                'verbose_name_plural': 'Versions of service items',
                'indexes': [models.Index(fields=['item', '-effective_from', '-number'], name='item_version_in_force')],
                'constraints': [models.UniqueConstraint(fields=('item', 'number'), name='item_version_number'), models.UniqueConstraint(condition=models.Q(('state__in', ['draft', 'review', 'reviewed'])), fields=('item',), name='item_version_one_open'), models.CheckConstraint(condition=models.Q(models.Q(('state', 'published'), _negated=True), models.Q(('effective_from__isnull', False), ('number__isnull', False)), _connector='OR'), name='item_version_published_whole')],
            },
        ),
        RowSecurityPerCommand("services_serviceitem", select="true", insert=BOTH, update=BOTH),
        RowSecurityPerCommand(
            "services_itemversion", select=f"state = 'published' OR {SEES}", insert=f"state = 'draft' AND {WRITES}"
        ),
        migrations.RunSQL(PUBLISH, NOT_PUBLISH),
    ]
