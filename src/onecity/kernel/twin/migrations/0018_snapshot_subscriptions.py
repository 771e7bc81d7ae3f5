from django.db import migrations

# as in 0011, and with everything else the subscriptions of the space
GONE = """
CREATE OR REPLACE FUNCTION twin_snapshot_gone() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
DECLARE
    space text := 'snapshot:' || OLD.id;
BEGIN
    PERFORM set_config('onecity.tiers_from', 'snapshot', true);
    DELETE FROM public.twin_subscription WHERE tenant = space;
    DELETE FROM public.twin_change c USING public.twin_entity e WHERE e.tenant = space AND c.entity_id = e.id;
    DELETE FROM public.twin_entity WHERE tenant = space;
    DELETE FROM public.twin_evolution WHERE tenant = space;
    DELETE FROM public.twin_instance WHERE tenant = space;
    DELETE FROM public.twin_erasure WHERE tenant = space;
    DELETE FROM public.twin_census WHERE tenant = space;
    DELETE FROM public.twin_tenant WHERE name = space;
    RETURN NULL;
END $$;
"""


class Migration(migrations.Migration):
    """Lets the subscriptions of a snapshot go with it."""

    dependencies = [("twin", "0017_observations")]

    operations = [migrations.RunSQL(GONE, migrations.RunSQL.noop)]
