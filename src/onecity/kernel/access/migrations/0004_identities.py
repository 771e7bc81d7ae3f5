"""The walls around identities and mandates: seen by the person, by those who act for him, and at the counter."""

from django.db import migrations

from onecity.kernel.access.rls import RowSecurityPerCommand
from onecity.kernel.access.session import CURRENT_ACCOUNT

COUNTER = f"""EXISTS (SELECT 1 FROM access_grant WHERE account_id = {CURRENT_ACCOUNT} AND permission IN ('people.identify', '*')
    AND valid_from <= statement_timestamp() AND (valid_to IS NULL OR valid_to > statement_timestamp()))"""
HOLDS = """m.ended_at IS NULL AND m.accepted_at <= statement_timestamp() AND m.valid_from <= statement_timestamp()
        AND (m.valid_to IS NULL OR m.valid_to > statement_timestamp())"""

# functions of the owner, since a policy that reads its own table would call itself
FUNCTIONS = f"""
CREATE FUNCTION people_speaks_for(party uuid) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT EXISTS (SELECT 1 FROM people_identity i WHERE i.id = party AND i.account_id = {CURRENT_ACCOUNT})
    OR EXISTS (SELECT 1 FROM people_mandate m WHERE m.principal_id = party AND m.agent_id = {CURRENT_ACCOUNT}
        AND m.kind IN ('representative', 'guardian') AND {HOLDS})
$$;
CREATE FUNCTION people_is_agent_of(party uuid) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT EXISTS (SELECT 1 FROM people_mandate m
        WHERE m.principal_id = party AND m.agent_id = {CURRENT_ACCOUNT} AND m.ended_at IS NULL)
$$;
"""
# a mandate is accepted and ended; what it says stands
STANDS = """
CREATE FUNCTION people_mandate_stands() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (NEW.principal_id, NEW.agent_id, NEW.kind, NEW.services, NEW.source, NEW.valid_from)
        IS DISTINCT FROM (OLD.principal_id, OLD.agent_id, OLD.kind, OLD.services, OLD.source, OLD.valid_from)
        OR NEW.given_by_id IS DISTINCT FROM OLD.given_by_id OR NEW.valid_to IS DISTINCT FROM OLD.valid_to
        OR (OLD.ended_at IS NOT NULL AND NEW.ended_at IS DISTINCT FROM OLD.ended_at)
        OR (OLD.accepted_at IS NOT NULL AND NEW.accepted_at IS DISTINCT FROM OLD.accepted_at) THEN
        RAISE EXCEPTION 'a mandate is accepted and ended, not rewritten' USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER people_mandate_stands BEFORE UPDATE ON people_mandate
    FOR EACH ROW EXECUTE FUNCTION people_mandate_stands();
"""
FALL = "DROP TRIGGER people_mandate_stands ON people_mandate; DROP FUNCTION people_mandate_stands();"
DROP = "DROP FUNCTION people_is_agent_of(uuid); DROP FUNCTION people_speaks_for(uuid);"

# what a register or a counter confirmed is written in the name of the person concerned, who cannot write it otherwise
CONFIRMED = f"agent_id = {CURRENT_ACCOUNT} AND source = 'register'"


class Migration(migrations.Migration):
    dependencies = [("access", "0003_throttle"), ("people", "0002_identities")]

    operations = [
        migrations.RunSQL(FUNCTIONS, DROP),
        migrations.RunSQL(STANDS, FALL),
        RowSecurityPerCommand(
            "people_identity",
            select=f"account_id = {CURRENT_ACCOUNT} OR people_is_agent_of(id) OR {COUNTER}",
            insert=f"account_id = {CURRENT_ACCOUNT} OR account_id IS NULL OR {COUNTER}",
            update=f"account_id = {CURRENT_ACCOUNT} OR {COUNTER}",
        ),
        RowSecurityPerCommand(
            "people_mandate",
            select=f"agent_id = {CURRENT_ACCOUNT} OR people_speaks_for(principal_id) OR {COUNTER}",
            insert=f"people_speaks_for(principal_id) OR ({CONFIRMED}) OR {COUNTER}",
            update=f"agent_id = {CURRENT_ACCOUNT} OR people_speaks_for(principal_id) OR {COUNTER}",
        ),
    ]
