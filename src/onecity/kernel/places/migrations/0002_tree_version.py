"""The stamp of each tree: statement triggers give a tree a new random version with every change of its divisions.

Random, not counted up: after a rolled-back transaction the same number would come again for other contents.
"""

from django.db import migrations

FUNCTION = """
CREATE FUNCTION places_stamp() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO places_treeversion (tree, version)
    SELECT tree, gen_random_uuid() FROM changed GROUP BY tree ORDER BY tree
    ON CONFLICT (tree) DO UPDATE SET version = excluded.version;
    RETURN NULL;
END $$;
CREATE TRIGGER places_division_inserted AFTER INSERT ON places_division
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION places_stamp();
CREATE TRIGGER places_division_updated AFTER UPDATE ON places_division
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION places_stamp();
CREATE TRIGGER places_division_deleted AFTER DELETE ON places_division
    REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION places_stamp();
"""
BACK = """
DROP TRIGGER places_division_inserted ON places_division;
DROP TRIGGER places_division_updated ON places_division;
DROP TRIGGER places_division_deleted ON places_division;
DROP FUNCTION places_stamp();
"""


class Migration(migrations.Migration):
    """Adds the triggers."""

    dependencies = [("places", "0001_initial")]
    operations = [migrations.RunSQL(FUNCTION, BACK)]
