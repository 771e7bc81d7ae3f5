"""Row-level security over claims, photos, releases and roll-outs, and the one look that a device itself may take."""

from django.db import migrations

from onecity.kernel.access.rls import RowSecurity, RowSecurityThrough
from onecity.kernel.access.session import CURRENT_ACCOUNT

VIEW, MANAGE, COMMAND = "devices.view", "devices.manage", "devices.command"
ANYWHERE = (
    f"EXISTS (SELECT 1 FROM access_grant WHERE account_id = {CURRENT_ACCOUNT} "  # noqa: S608 - our own names
    "AND permission IN ('devices.view', '*') "
    "AND valid_from <= statement_timestamp() AND (valid_to IS NULL OR valid_to > statement_timestamp()))"
)
ITS_RECORD = "EXISTS (SELECT 1 FROM devices_devicerecord r WHERE r.device_id = record_id)"
ITS_ROLLOUT = "EXISTS (SELECT 1 FROM devices_rollout r WHERE r.id = rollout_id)"
OWN = f"account_id = {CURRENT_ACCOUNT}"
# A device that proved itself by its secret learns of a release that a roll-out has for it, and of no other.
RELEASE = """
CREATE FUNCTION devices_release_for(device uuid, secret_hash bytea, release uuid, at timestamptz)
RETURNS TABLE (known bool, sha256 text, size int4) LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, public AS $$
    SELECT true, r.sha256::text, r.size FROM public.telemetry_device d
    LEFT JOIN public.devices_release r ON r.id = $3 AND EXISTS (
        SELECT 1 FROM public.devices_rollouttarget t WHERE t.record_id = d.id AND t.state <> 'waiting'
            AND (t.release_id = r.id OR t.before_id = r.id))
    WHERE d.id = $1 AND d.status = 'active'
        AND (d.secret_hash = $2 OR d.earlier_hash = $2 AND d.earlier_until > $4)
$$;
REVOKE ALL ON FUNCTION devices_release_for FROM PUBLIC;
GRANT EXECUTE ON FUNCTION devices_release_for TO onecity_app;
"""


class Migration(migrations.Migration):
    """Puts the wall under the tables of 0003."""

    dependencies = [("devices", "0003_claims_and_rollouts"), ("devices", "0002_walls"), ("telemetry", "0012_two_secrets")]

    operations = [
        RowSecurityThrough("devices_claim", ITS_RECORD),
        RowSecurityThrough("devices_wrongcode", OWN, commands=("select", "insert")),
        RowSecurityThrough("devices_devicephoto", ITS_RECORD),
        RowSecurity("Release", permission=VIEW, write_permission=COMMAND, public_when=ANYWHERE),
        RowSecurity("Rollout", permission=VIEW, write_permission=COMMAND),
        RowSecurityThrough("devices_rollouttarget", ITS_ROLLOUT),
        migrations.RunSQL(RELEASE, "DROP FUNCTION devices_release_for"),
    ]
