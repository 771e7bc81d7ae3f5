"""The walls in the database: derived grants, row-level security on people's rights, and the audit trail that only grows.

Every function that writes a derived table runs as the owner of the tables (SECURITY DEFINER) with a fixed search path;
the application's role has no right to write those tables itself.
"""

from django.core.management import call_command
from django.db import migrations

from onecity.kernel.access.rls import RowSecurity, RowSecurityThrough
from onecity.kernel.access.session import CURRENT_ACCOUNT

DERIVE_GRANTS = """
CREATE FUNCTION access_derive_grants(accounts uuid[]) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
    DELETE FROM access_grant WHERE account_id = ANY (accounts);
    INSERT INTO access_grant (account_id, permission, path, role_id, valid_from, valid_to)
    SELECT p.id, '*', '', NULL, '-infinity', NULL
    FROM people_account p WHERE p.id = ANY (accounts) AND p.is_active AND p.is_superuser
    UNION ALL
    SELECT DISTINCT a.account_id, permission, a.division_path, r.id, a.valid_from, a.valid_to
    FROM people_roleassignment a
    JOIN people_account p ON p.id = a.account_id AND p.is_active
    JOIN people_role r ON r.id = a.role_id
    CROSS JOIN LATERAL unnest(r.permissions) AS permission
    WHERE a.account_id = ANY (accounts);
$$;
REVOKE ALL ON FUNCTION access_derive_grants(uuid[]) FROM PUBLIC;

CREATE FUNCTION access_assignment_changed() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    PERFORM access_derive_grants(ARRAY(SELECT DISTINCT account_id FROM changed));
    RETURN NULL;
END $$;
CREATE TRIGGER access_assignment_added AFTER INSERT ON people_roleassignment
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION access_assignment_changed();
CREATE TRIGGER access_assignment_removed AFTER DELETE ON people_roleassignment
    REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION access_assignment_changed();
CREATE FUNCTION access_assignment_moved() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    PERFORM access_derive_grants(ARRAY(SELECT account_id FROM before UNION SELECT account_id FROM after));
    RETURN NULL;
END $$;
CREATE TRIGGER access_assignment_moved AFTER UPDATE ON people_roleassignment
    REFERENCING OLD TABLE AS before NEW TABLE AS after FOR EACH STATEMENT EXECUTE FUNCTION access_assignment_moved();

CREATE FUNCTION access_role_changed() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    PERFORM access_derive_grants(ARRAY(
        SELECT DISTINCT a.account_id FROM people_roleassignment a JOIN changed c ON c.id = a.role_id));
    RETURN NULL;
END $$;
CREATE TRIGGER access_role_changed AFTER UPDATE ON people_role
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION access_role_changed();

CREATE FUNCTION access_account_changed() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    PERFORM access_derive_grants(ARRAY[NEW.id]);
    RETURN NULL;
END $$;
CREATE TRIGGER access_superuser_added AFTER INSERT ON people_account
    FOR EACH ROW WHEN (NEW.is_superuser) EXECUTE FUNCTION access_account_changed();
CREATE TRIGGER access_account_changed AFTER UPDATE ON people_account
    FOR EACH ROW WHEN (OLD.is_superuser <> NEW.is_superuser OR OLD.is_active <> NEW.is_active)
    EXECUTE FUNCTION access_account_changed();
CREATE FUNCTION access_account_removed() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    DELETE FROM access_grant WHERE account_id = OLD.id;
    RETURN NULL;
END $$;
CREATE TRIGGER access_account_removed AFTER DELETE ON people_account
    FOR EACH ROW EXECUTE FUNCTION access_account_removed();
"""
DROP_GRANTS = """
DROP TRIGGER access_account_removed ON people_account;
DROP TRIGGER access_account_changed ON people_account;
DROP TRIGGER access_superuser_added ON people_account;
DROP TRIGGER access_role_changed ON people_role;
DROP TRIGGER access_assignment_moved ON people_roleassignment;
DROP TRIGGER access_assignment_removed ON people_roleassignment;
DROP TRIGGER access_assignment_added ON people_roleassignment;
DROP FUNCTION access_account_removed();
DROP FUNCTION access_account_changed();
DROP FUNCTION access_role_changed();
DROP FUNCTION access_assignment_moved();
DROP FUNCTION access_assignment_changed();
DROP FUNCTION access_derive_grants(uuid[]);
"""

# The web process may never make a superuser, and no account may hold two of the separated duties at one time.
GUARD_PEOPLE = """
CREATE FUNCTION access_guard_superuser() RETURNS trigger
LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    IF current_user = 'onecity_app' THEN
        RAISE insufficient_privilege USING MESSAGE = 'a superuser is made on the command line only';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER access_guard_new_superuser BEFORE INSERT ON people_account
    FOR EACH ROW WHEN (NEW.is_superuser) EXECUTE FUNCTION access_guard_superuser();
CREATE TRIGGER access_guard_superuser BEFORE UPDATE ON people_account
    FOR EACH ROW WHEN (NEW.is_superuser AND NOT OLD.is_superuser) EXECUTE FUNCTION access_guard_superuser();

CREATE FUNCTION access_guard_duties() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    mine text := (SELECT duty FROM people_role WHERE id = NEW.role_id);
BEGIN
    IF mine = '' THEN
        RETURN NEW;
    END IF;
    PERFORM 1 FROM people_account WHERE id = NEW.account_id FOR NO KEY UPDATE;
    IF EXISTS (
        SELECT 1 FROM people_roleassignment a JOIN people_role r ON r.id = a.role_id
        WHERE a.account_id = NEW.account_id AND a.id <> NEW.id AND r.duty NOT IN ('', mine)
        AND tstzrange(a.valid_from, a.valid_to) && tstzrange(NEW.valid_from, NEW.valid_to)
    ) THEN
        RAISE check_violation USING MESSAGE = 'one account may not hold two separated duties',
            CONSTRAINT = 'role_assignment_duties_apart';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER access_guard_duties BEFORE INSERT OR UPDATE ON people_roleassignment
    FOR EACH ROW EXECUTE FUNCTION access_guard_duties();
"""
UNGUARD_PEOPLE = """
DROP TRIGGER access_guard_duties ON people_roleassignment;
DROP TRIGGER access_guard_superuser ON people_account;
DROP TRIGGER access_guard_new_superuser ON people_account;
DROP FUNCTION access_guard_duties();
DROP FUNCTION access_guard_superuser();
"""

# A new event must follow its chain's head; then the head moves. Nothing is changed or removed, not even by the owner.
# Test databases are emptied between tests, so there alone TRUNCATE passes.
GUARD_AUDIT = """
CREATE FUNCTION access_audit_follow() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    head access_audithead;
BEGIN
    SELECT * INTO head FROM access_audithead WHERE chain = NEW.chain FOR UPDATE;
    IF NEW.seq <> coalesce(head.seq, 0) + 1 OR NEW.prev_hash <> coalesce(head.hash, '') THEN
        RAISE integrity_constraint_violation USING MESSAGE = format(
            'audit event %s/%s does not follow the head %s of its chain', NEW.chain, NEW.seq, coalesce(head.seq, 0));
    END IF;
    INSERT INTO access_audithead (chain, seq, hash) VALUES (NEW.chain, NEW.seq, NEW.hash)
    ON CONFLICT (chain) DO UPDATE SET seq = excluded.seq, hash = excluded.hash;
    RETURN NULL;
END $$;
CREATE TRIGGER access_audit_follow AFTER INSERT ON access_auditevent
    FOR EACH ROW EXECUTE FUNCTION access_audit_follow();

CREATE FUNCTION access_audit_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'TRUNCATE' AND current_database() LIKE 'test\\_%' THEN
        RETURN NULL;
    END IF;
    RAISE insufficient_privilege USING MESSAGE = 'the audit trail is only ever added to';
END $$;
CREATE TRIGGER access_audit_only_grows BEFORE UPDATE OR DELETE ON access_auditevent
    FOR EACH ROW EXECUTE FUNCTION access_audit_refuse();
CREATE TRIGGER access_audit_never_emptied BEFORE TRUNCATE ON access_auditevent
    FOR EACH STATEMENT EXECUTE FUNCTION access_audit_refuse();
CREATE TRIGGER access_audit_head_moves_by_trigger BEFORE INSERT OR UPDATE ON access_audithead
    FOR EACH ROW WHEN (pg_trigger_depth() < 1) EXECUTE FUNCTION access_audit_refuse();
CREATE TRIGGER access_audit_head_stays BEFORE DELETE ON access_audithead
    FOR EACH ROW EXECUTE FUNCTION access_audit_refuse();
CREATE TRIGGER access_audit_head_never_emptied BEFORE TRUNCATE ON access_audithead
    FOR EACH STATEMENT EXECUTE FUNCTION access_audit_refuse();
"""
UNGUARD_AUDIT = """
DROP TRIGGER access_audit_head_never_emptied ON access_audithead;
DROP TRIGGER access_audit_head_stays ON access_audithead;
DROP TRIGGER access_audit_head_moves_by_trigger ON access_audithead;
DROP TRIGGER access_audit_never_emptied ON access_auditevent;
DROP TRIGGER access_audit_only_grows ON access_auditevent;
DROP TRIGGER access_audit_follow ON access_auditevent;
DROP FUNCTION access_audit_refuse();
DROP FUNCTION access_audit_follow();
"""


def create_cache_table(apps, schema_editor):
    """The cache's table (rate limits, lock-out) is made here, so that the grants after the migration reach it."""
    call_command("createcachetable", database=schema_editor.connection.alias, verbosity=0)


class Migration(migrations.Migration):
    dependencies = [("access", "0001_initial"), ("people", "0001_initial")]

    operations = [
        migrations.RunPython(create_cache_table, migrations.RunPython.noop),
        migrations.RunSQL(DERIVE_GRANTS, DROP_GRANTS),
        migrations.RunSQL(GUARD_PEOPLE, UNGUARD_PEOPLE),
        migrations.RunSQL(GUARD_AUDIT, UNGUARD_AUDIT),
        # nobody assigns a role to himself; everybody sees his own
        RowSecurity(
            "people_roleassignment",
            permission="people.view",
            public_when=f"account_id = {CURRENT_ACCOUNT}",
            write_permission="people.assign",
        ),
        migrations.RunSQL(
            "CREATE POLICY onecity_not_oneself ON people_roleassignment AS RESTRICTIVE FOR INSERT TO onecity_app "
            f"WITH CHECK (account_id IS DISTINCT FROM {CURRENT_ACCOUNT})",
            "DROP POLICY onecity_not_oneself ON people_roleassignment",
        ),
        # what a role allows is decided for the whole platform, so the right to say it must reach everywhere
        RowSecurityThrough("people_role", "true", commands=("select",)),
        # which offices there are is public; the web does not write them
        RowSecurityThrough("people_organisation", "true", commands=("select",)),
        # everybody sees his own events; nobody writes in another's name
        RowSecurity(
            "access_auditevent",
            permission="audit.view",
            separate=True,
            public_when=f"actor_id = {CURRENT_ACCOUNT}",
            insert_when=f"actor_id IS NULL OR actor_id = {CURRENT_ACCOUNT}",
        ),
    ]
