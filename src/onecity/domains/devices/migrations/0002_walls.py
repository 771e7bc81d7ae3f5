"""Row-level security over device management; a record follows its device when that moves to another division."""

from django.db import migrations

from onecity.kernel.access.rls import RowSecurity, RowSecurityThrough
from onecity.kernel.access.session import CURRENT_ACCOUNT

VIEW, MANAGE = "devices.view", "devices.manage"
ANYWHERE = (
    f"EXISTS (SELECT 1 FROM access_grant WHERE account_id = {CURRENT_ACCOUNT} "  # noqa: S608 - our own names
    "AND permission IN ('devices.view', '*') "
    "AND valid_from <= statement_timestamp() AND (valid_to IS NULL OR valid_to > statement_timestamp()))"
)
MEMBERS = (
    "EXISTS (SELECT 1 FROM devices_devicegroup g WHERE g.id = group_id) "
    "AND EXISTS (SELECT 1 FROM devices_devicerecord r WHERE r.device_id = record_id)"
)
FOLLOWS = """
CREATE FUNCTION devices_record_follows() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public AS $$
BEGIN
    UPDATE public.devices_devicerecord r SET division_path = NEW.division_path, name = NEW.name WHERE r.device_id = NEW.id;
    RETURN NULL;
END $$;
CREATE TRIGGER devices_record_follows AFTER UPDATE OF division_path, name ON telemetry_device FOR EACH ROW
    WHEN (OLD.division_path IS DISTINCT FROM NEW.division_path OR OLD.name IS DISTINCT FROM NEW.name)
    EXECUTE FUNCTION devices_record_follows();
"""
UNDO = """
DROP TRIGGER devices_record_follows ON telemetry_device;
DROP FUNCTION devices_record_follows;
"""


class Migration(migrations.Migration):
    """Puts the wall under the tables of 0001."""

    dependencies = [("devices", "0001_initial"), ("telemetry", "0001_initial"), ("access", "0001_initial")]

    operations = [
        RowSecurity("DeviceModel", permission=VIEW, write_permission=MANAGE, public_when=ANYWHERE),
        RowSecurity("DeviceRecord", permission=VIEW, write_permission=MANAGE),
        RowSecurity("DeviceGroup", permission=VIEW, write_permission=MANAGE),
        RowSecurityThrough("devices_membership", MEMBERS),
        migrations.RunSQL(FOLLOWS, UNDO),
    ]
