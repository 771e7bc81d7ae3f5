"""The walls under the archive: what was taken in never changes, its history only grows, and rights on every row."""

from django.db import migrations

from onecity.kernel.access.rls import RowSecurityPerCommand, RowSecurityThrough, scope_predicate
from onecity.kernel.access.session import CURRENT_ACCOUNT

STANDS = """
CREATE FUNCTION records_package_stands() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        RAISE insufficient_privilege USING MESSAGE = format('%s stays in the list of the archive', OLD.call_number);
    END IF;
    IF to_jsonb(NEW) - ARRAY['state', 'held', 'soundness', 'looked_at']
        IS DISTINCT FROM to_jsonb(OLD) - ARRAY['state', 'held', 'soundness', 'looked_at'] THEN
        RAISE insufficient_privilege USING MESSAGE = format('%s: what was taken in does not change', OLD.call_number);
    END IF;
    IF NEW.state <> OLD.state AND (OLD.state, NEW.state) NOT IN (
        ('kept', 'proposed'), ('proposed', 'kept'), ('proposed', 'disposed')) THEN
        RAISE insufficient_privilege USING
            MESSAGE = format('%s cannot go from %s to %s', OLD.call_number, OLD.state, NEW.state);
    END IF;
    IF NEW.state = 'disposed' AND NEW.held THEN
        RAISE insufficient_privilege USING MESSAGE = format('%s is held', OLD.call_number);
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER records_package_stands BEFORE UPDATE OR DELETE ON records_archivepackage
    FOR EACH ROW EXECUTE FUNCTION records_package_stands();
CREATE TRIGGER records_archive_event_stays BEFORE UPDATE OR DELETE ON records_archiveevent
    FOR EACH ROW EXECUTE FUNCTION records_stays();
"""
FALL = """
DROP TRIGGER records_archive_event_stays ON records_archiveevent;
DROP TRIGGER records_package_stands ON records_archivepackage;
DROP FUNCTION records_package_stands();
"""
VIEW, KEEP, APPROVE = (scope_predicate(f"archive.{verb}") for verb in ("view", "keep", "approve"))
PACKAGE = "EXISTS (SELECT 1 FROM records_archivepackage p WHERE p.id = package_id)"
RELEASE = scope_predicate("archive.release")
RELEASES = f"EXISTS (SELECT 1 FROM records_archivepackage p WHERE p.id = package_id AND {RELEASE})"  # noqa: S608 - our own names


class Migration(migrations.Migration):
    dependencies = [("records", "0005_archive")]

    operations = [
        migrations.RunSQL(STANDS, FALL),
        RowSecurityPerCommand(
            "records_archivepackage", select=VIEW, insert=KEEP, update=f"({KEEP}) OR ({APPROVE})"
        ),
        RowSecurityThrough("records_archiveevent", PACKAGE, commands=("select", "insert")),
        RowSecurityPerCommand(
            "records_readingrequest",
            select=f"reader_id = {CURRENT_ACCOUNT} OR {RELEASES}",
            insert=f"reader_id = {CURRENT_ACCOUNT} AND {PACKAGE}",
            update=f"reader_id <> {CURRENT_ACCOUNT} AND {RELEASES}",
        ),
    ]
