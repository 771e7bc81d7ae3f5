import django.db.models.functions.datetime
from django.db import migrations, models

import onecity.kernel.core.clock
import onecity.kernel.core.ids
from onecity.kernel.access.rls import RowSecurity, scope_predicate

# Whoever deletes a snapshot, everything in its space goes with it; that is no change that others are told of.
SPACE = """
CREATE FUNCTION twin_snapshot_gone() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
DECLARE
    space text := 'snapshot:' || OLD.id;
BEGIN
    PERFORM set_config('onecity.tiers_from', 'snapshot', true);
    DELETE FROM public.twin_change c USING public.twin_entity e WHERE e.tenant = space AND c.entity_id = e.id;
    DELETE FROM public.twin_entity WHERE tenant = space;
    DELETE FROM public.twin_evolution WHERE tenant = space;
    DELETE FROM public.twin_instance WHERE tenant = space;
    DELETE FROM public.twin_erasure WHERE tenant = space;
    DELETE FROM public.twin_census WHERE tenant = space;
    DELETE FROM public.twin_tenant WHERE name = space;
    RETURN NULL;
END $$;
REVOKE ALL ON FUNCTION twin_snapshot_gone() FROM PUBLIC;
CREATE TRIGGER snapshot_gone AFTER DELETE ON twin_snapshot FOR EACH ROW EXECUTE FUNCTION twin_snapshot_gone();
CREATE INDEX twin_instance_of_tenant ON twin_instance (tenant) WHERE tenant LIKE 'snapshot:%';
"""
SPACELESS = """
DROP INDEX twin_instance_of_tenant;
DROP TRIGGER snapshot_gone ON twin_snapshot;
DROP FUNCTION twin_snapshot_gone();
"""
# as for subscriptions: an account's own, those of devices and visitors by name, and all where one may edit
OWN = """owner = 'account ' || nullif(current_setting('onecity.account', true), '')
OR owner = nullif(current_setting('onecity.subscriber', true), '')"""
MAY = f"({scope_predicate('entities.edit')}) OR ({OWN})"
POLICIES = f"""
ALTER POLICY onecity_select ON twin_snapshot USING ({MAY});
ALTER POLICY onecity_insert ON twin_snapshot WITH CHECK ({OWN});
ALTER POLICY onecity_update ON twin_snapshot USING ({MAY}) WITH CHECK ({MAY});
ALTER POLICY onecity_delete ON twin_snapshot USING ({MAY});
"""


class Migration(migrations.Migration):
    """Creates snapshots and what clears up after them."""

    dependencies = [
        ("twin", "0010_source_changes"),
    ]

    operations = [
        migrations.CreateModel(
            name="Snapshot",
            fields=[
                ("id", models.UUIDField(default=onecity.kernel.core.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ("tenant", models.TextField(blank=True, db_collation="C", db_default="", default="")),
                ("urn", models.TextField(db_collation="C")),
                ("owner", models.TextField(db_collation="C")),
                ("division_path", models.CharField(blank=True, db_collation="C", max_length=255)),
                ("document", models.JSONField()),
                ("context", models.JSONField(blank=True, null=True)),
                ("status", models.CharField(db_default="preparing", default="preparing", max_length=10)),
                ("details", models.JSONField(blank=True, null=True)),
                ("temporal_details", models.JSONField(blank=True, null=True)),
                ("priority", models.SmallIntegerField(db_default=5, default=5)),
                ("created_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), default=onecity.kernel.core.clock.now, editable=False)),
                ("changed_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), default=onecity.kernel.core.clock.now, editable=False)),
                ("expires_at", models.DateTimeField(db_index=True)),
                ("last_used_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), default=onecity.kernel.core.clock.now)),
            ],
            options={
                "verbose_name": "Snapshot",
                "verbose_name_plural": "Snapshots",
                "indexes": [models.Index(fields=["owner", "priority"], name="snapshot_of_owner")],
                "constraints": [models.UniqueConstraint(fields=("tenant", "urn"), name="snapshot_once")],
            },
        ),
        migrations.RunSQL(SPACE, SPACELESS),
        RowSecurity("twin_snapshot", permission="entities.edit"),
        migrations.RunSQL(POLICIES, migrations.RunSQL.noop),
    ]
