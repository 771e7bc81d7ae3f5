"""The walls under seals: who sees and uses which, a destroyed seal stays destroyed, no use without leave, uses are only added."""

from django.db import migrations

from onecity.kernel.access.rls import RowSecurityThrough, scope_predicate
from onecity.kernel.access.session import CURRENT_ACCOUNT

OPENED = "nullif(current_setting('onecity.seal', true), '')::uuid"
MANAGES = scope_predicate("seals.manage")
APPROVES = scope_predicate("seals.approve")
SEES = " OR ".join(f"({scope_predicate(name)})" for name in ("seals.view", "seals.use", "seals.manage", "seals.approve"))
OF_SEAL = "EXISTS (SELECT 1 FROM records_seal s WHERE s.id = seal_id{})"

RIGHTS = f"""
ALTER TABLE records_seal ENABLE ROW LEVEL SECURITY;
CREATE POLICY onecity_select ON records_seal FOR SELECT TO onecity_app USING ({SEES} OR id = {OPENED});
CREATE POLICY onecity_insert ON records_seal FOR INSERT TO onecity_app WITH CHECK ({MANAGES});
CREATE POLICY onecity_update ON records_seal FOR UPDATE TO onecity_app USING ({MANAGES}) WITH CHECK ({MANAGES});
"""
NO_RIGHTS = """
DROP POLICY onecity_update ON records_seal;
DROP POLICY onecity_insert ON records_seal;
DROP POLICY onecity_select ON records_seal;
ALTER TABLE records_seal DISABLE ROW LEVEL SECURITY;
"""
STATES = """
CREATE FUNCTION records_seal_moves() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF to_jsonb(NEW) - ARRAY['state', 'state_since'] IS DISTINCT FROM to_jsonb(OLD) - ARRAY['state', 'state_since'] THEN
        RAISE integrity_constraint_violation USING MESSAGE = format('seal %s: what was made does not change', OLD.number);
    END IF;
    IF OLD.state = 'destroyed' THEN
        RAISE integrity_constraint_violation USING MESSAGE = format('seal %s was destroyed', OLD.number);
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER records_seal_moves BEFORE UPDATE ON records_seal FOR EACH ROW EXECUTE FUNCTION records_seal_moves();
CREATE FUNCTION records_seal_grant_moves() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF to_jsonb(NEW) - 'withdrawn_at' IS DISTINCT FROM to_jsonb(OLD) - 'withdrawn_at' OR OLD.withdrawn_at IS NOT NULL THEN
        RAISE integrity_constraint_violation USING MESSAGE = 'a leave can only be taken back, once';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER records_seal_grant_moves BEFORE UPDATE ON records_sealgrant
    FOR EACH ROW EXECUTE FUNCTION records_seal_grant_moves();
"""
# with a person behind the statement, only he himself can be the one who decided
DECISIONS = f"""
CREATE FUNCTION records_seal_request_moves() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF to_jsonb(NEW) - ARRAY['state', 'decided_by_id', 'decided_at', 'note']
            IS DISTINCT FROM to_jsonb(OLD) - ARRAY['state', 'decided_by_id', 'decided_at', 'note']
        OR (OLD.state, NEW.state) NOT IN (('waiting', 'approved'), ('waiting', 'refused'), ('approved', 'used')) THEN
        RAISE integrity_constraint_violation USING MESSAGE = format('request cannot go from %s to %s', OLD.state, NEW.state);
    END IF;
    IF OLD.state = 'waiting' AND NEW.decided_by_id <> coalesce({CURRENT_ACCOUNT}, NEW.decided_by_id) THEN
        RAISE insufficient_privilege USING MESSAGE = 'nobody decides in another name';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER records_seal_request_moves BEFORE UPDATE ON records_sealrequest
    FOR EACH ROW EXECUTE FUNCTION records_seal_request_moves();
"""
# as its owner: it looks past the walls, and its lock on the seal makes a suspension wait for a use or the use see it
USES = """
CREATE FUNCTION records_seal_use_allowed() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    seal records_seal;
    leave records_sealgrant;
BEGIN
    SELECT * INTO seal FROM records_seal WHERE id = NEW.seal_id FOR SHARE;
    SELECT * INTO leave FROM records_sealgrant WHERE id = NEW.grant_id FOR SHARE;
    IF seal.state <> 'active' OR NEW.used_at NOT BETWEEN seal.valid_from AND seal.valid_until THEN
        RAISE integrity_constraint_violation USING MESSAGE = format('seal %s is not in force', seal.number);
    END IF;
    IF leave.seal_id <> NEW.seal_id OR leave.account_id IS DISTINCT FROM NEW.actor_id OR leave.withdrawn_at IS NOT NULL
        OR (leave.subject_kind, leave.subject_code) <> (NEW.subject_kind, NEW.subject_code)
        OR NEW.used_at < leave.valid_from OR NEW.used_at >= coalesce(leave.valid_until, 'infinity') THEN
        RAISE integrity_constraint_violation USING MESSAGE = format('no leave to use seal %s for this', seal.number);
    END IF;
    IF leave.needs_approval AND NOT EXISTS (
        SELECT 1 FROM records_sealrequest r WHERE r.id = NEW.request_id AND r.seal_id = NEW.seal_id AND r.state = 'used'
            AND r.requested_by_id = NEW.actor_id AND r.digest = NEW.digest_before) THEN
        RAISE integrity_constraint_violation USING MESSAGE = format('nobody agreed to this use of seal %s', seal.number);
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER records_seal_use_allowed BEFORE INSERT ON records_sealuse
    FOR EACH ROW EXECUTE FUNCTION records_seal_use_allowed();
CREATE TRIGGER records_seal_use_stays BEFORE UPDATE OR DELETE ON records_sealuse
    FOR EACH ROW EXECUTE FUNCTION records_stays();
"""
# for the list of revocations, which is public: a serial number and a time, nothing else
REVOKED = """
CREATE FUNCTION records_seals_revoked() RETURNS TABLE (serial text, since timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT serial::text, state_since FROM records_seal WHERE state <> 'active'
$$;
REVOKE ALL ON FUNCTION records_seals_revoked() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION records_seals_revoked() TO onecity_app;
"""
NO_WALLS = """
DROP FUNCTION records_seals_revoked();
DROP TRIGGER records_seal_use_stays ON records_sealuse;
DROP TRIGGER records_seal_use_allowed ON records_sealuse;
DROP FUNCTION records_seal_use_allowed();
DROP TRIGGER records_seal_request_moves ON records_sealrequest;
DROP FUNCTION records_seal_request_moves();
DROP TRIGGER records_seal_grant_moves ON records_sealgrant;
DROP FUNCTION records_seal_grant_moves();
DROP TRIGGER records_seal_moves ON records_seal;
DROP FUNCTION records_seal_moves();
"""
SEEN = OF_SEAL.format("")
MANAGED = OF_SEAL.format(f" AND {MANAGES}")
MINE = f"requested_by_id = {CURRENT_ACCOUNT}"
USED = f"{SEEN} AND (actor_id = {CURRENT_ACCOUNT} OR (actor_id IS NULL AND seal_id = {OPENED}))"


class Migration(migrations.Migration):
    dependencies = [("records", "0003_seals"), ("access", "0002_walls")]

    operations = [
        migrations.RunSQL(STATES + DECISIONS + USES + REVOKED, NO_WALLS),
        migrations.RunSQL(RIGHTS, NO_RIGHTS),
        RowSecurityThrough("records_sealgrant", SEEN, commands=("select",)),
        RowSecurityThrough("records_sealgrant", MANAGED, commands=("insert", "update")),
        RowSecurityThrough("records_sealrequest", SEEN, commands=("select",)),
        RowSecurityThrough("records_sealrequest", f"{MINE} AND {SEEN}", commands=("insert",)),
        RowSecurityThrough(
            "records_sealrequest", f"({MINE}) OR {OF_SEAL.format(f' AND {APPROVES}')}", commands=("update",)
        ),
        RowSecurityThrough("records_sealuse", SEEN, commands=("select",)),
        RowSecurityThrough("records_sealuse", USED, commands=("insert",)),
    ]
