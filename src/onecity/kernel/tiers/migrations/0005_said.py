"""What the other side may say of a mirrored row goes back to where the row was written."""

from django.db import migrations

# arguments: the table, the direction of the links to tell, the columns that are said
SAID = """
CREATE FUNCTION tiers_said() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
DECLARE
    links record;
    said jsonb;
BEGIN
    FOR links IN SELECT p.code FROM tiers_peer p WHERE p.state = 'joined' AND p.direction = TG_ARGV[1]
        AND NEW.division_path ^@ p.division_path AND p.code <> coalesce(current_setting('onecity.tiers_from', true), '')
    LOOP
        SELECT jsonb_object_agg(key, value) INTO said FROM jsonb_each(to_jsonb(NEW)) WHERE key = ANY (TG_ARGV[2:]);
        PERFORM tiers_send(links.code, 'said', jsonb_build_object('table', TG_ARGV[0], 'id', NEW.id, 'said', said));
    END LOOP;
    RETURN NULL;
END $$;
"""


class Migration(migrations.Migration):
    """Creates what is written above."""

    dependencies = [
        ("tiers", "0004_whole_cases"),
    ]

    operations = [
        migrations.RunSQL(SAID, "DROP FUNCTION tiers_said() CASCADE"),
    ]
