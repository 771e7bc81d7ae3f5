"""The walls in the database: no change without its entry in the history, rights on every row, numbers, and search.

A case points at the event that made its present version and state, through a foreign key checked at commit. A trigger
lets the version only count on by one, another lets an event only continue where the one before it ended, and nothing in
the history is changed or removed. So the state always is what the history adds up to, whoever writes.
"""

from django.db import migrations

from onecity.kernel.access.rls import RowSecurityThrough, scope_predicate
from onecity.kernel.access.session import CURRENT_ACCOUNT

HISTORY = """
ALTER TABLE cases_case ADD CONSTRAINT case_change_has_event FOREIGN KEY (id, version, state)
    REFERENCES cases_caseevent (case_id, version, to_state) DEFERRABLE INITIALLY DEFERRED;

CREATE FUNCTION cases_case_counts_on() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.version <> OLD.version + 1 OR (NEW.id, NEW.district, NEW.number, NEW.opened_at)
        IS DISTINCT FROM (OLD.id, OLD.district, OLD.number, OLD.opened_at) THEN
        RAISE integrity_constraint_violation USING
            MESSAGE = format('case %s: every change needs version %s and its event', OLD.number, OLD.version + 1);
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER cases_case_counts_on BEFORE UPDATE ON cases_case
    FOR EACH ROW EXECUTE FUNCTION cases_case_counts_on();

CREATE FUNCTION cases_event_follows() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF NEW.version = 1 AND NEW.from_state = '' THEN
        RETURN NEW;
    END IF;
    PERFORM 1 FROM cases_caseevent WHERE case_id = NEW.case_id AND version = NEW.version - 1 AND to_state = NEW.from_state;
    IF NOT FOUND THEN
        RAISE integrity_constraint_violation USING
            MESSAGE = format('event %s of case %s does not continue its history', NEW.version, NEW.case_id);
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER cases_event_follows BEFORE INSERT ON cases_caseevent
    FOR EACH ROW EXECUTE FUNCTION cases_event_follows();

CREATE FUNCTION cases_event_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE insufficient_privilege USING MESSAGE = 'the history of a case is only ever added to';
END $$;
CREATE TRIGGER cases_event_stays BEFORE UPDATE OR DELETE ON cases_caseevent
    FOR EACH ROW EXECUTE FUNCTION cases_event_stays();
"""
NO_HISTORY = """
DROP TRIGGER cases_event_stays ON cases_caseevent;
DROP TRIGGER cases_event_follows ON cases_caseevent;
DROP TRIGGER cases_case_counts_on ON cases_case;
DROP FUNCTION cases_event_stays();
DROP FUNCTION cases_event_follows();
DROP FUNCTION cases_case_counts_on();
ALTER TABLE cases_case DROP CONSTRAINT case_change_has_event;
"""

MINE = f"assignee_id = {CURRENT_ACCOUNT}"
# as a CASE the planner takes it for half of all rows; the bare operators it would take for almost none, and then sort
# what it could have read in order
SEES = f"CASE WHEN {scope_predicate('cases.view')} THEN true ELSE {MINE} END"
WRITES = f"({scope_predicate('cases.handle')}) OR ({scope_predicate('cases.dispatch')}) OR ({scope_predicate('cases.verify')})"
RIGHTS = f"""
ALTER TABLE cases_case ENABLE ROW LEVEL SECURITY;
CREATE POLICY onecity_select ON cases_case FOR SELECT TO onecity_app USING ({SEES});
CREATE POLICY onecity_insert ON cases_case FOR INSERT TO onecity_app WITH CHECK (({scope_predicate("cases.open")}) OR {WRITES});
CREATE POLICY onecity_update ON cases_case FOR UPDATE TO onecity_app USING ({WRITES} OR {MINE}) WITH CHECK ({WRITES} OR {MINE});
"""
NO_RIGHTS = """
DROP POLICY onecity_update ON cases_case;
DROP POLICY onecity_insert ON cases_case;
DROP POLICY onecity_select ON cases_case;
ALTER TABLE cases_case DISABLE ROW LEVEL SECURITY;
"""

# A sequence for each year and district: numbers are given without waiting for other transactions, and may have gaps.
NUMBERS = """
CREATE FUNCTION cases_next_numbers(district text, year integer, amount integer) RETURNS SETOF bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    name text := format('cases_number_%s_%s', left(md5(district), 12), year);
BEGIN
    IF to_regclass(name) IS NULL THEN
        PERFORM pg_advisory_xact_lock(hashtext('cases_next_numbers'));
        EXECUTE format('CREATE SEQUENCE IF NOT EXISTS %I', name);
    END IF;
    RETURN QUERY EXECUTE 'SELECT nextval($1::regclass) FROM generate_series(1, $2)' USING name, amount;
END $$;
REVOKE ALL ON FUNCTION cases_next_numbers(text, integer, integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION cases_next_numbers(text, integer, integer) TO onecity_app;
"""

# The full-text operator is not leakproof, so below a policy PostgreSQL would read every row instead of the index. This
# function runs as the owner of the tables, and so states the policy itself; the query around it is bound again.
SEARCH = f"""
CREATE FUNCTION cases_search(
    words tsquery, place text, running boolean, states text[], types text[], severities text[],
    before_at timestamptz, before_id uuid, most integer
) RETURNS TABLE (id uuid, opened_at timestamptz)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp SET plan_cache_mode = force_custom_plan AS $$
BEGIN
    RETURN QUERY SELECT c.id, c.opened_at FROM cases_case c
    WHERE c.search @@ words
    AND CASE WHEN {scope_predicate("cases.view").replace("division_path ^@", "c.division_path ^@")} THEN true
        ELSE c.{MINE} END
    AND (place = '' OR c.division_path ^@ place)
    AND (running IS NULL OR (c.closed_at IS NULL) = running)
    AND (states IS NULL OR c.state = ANY (states))
    AND (types IS NULL OR c.type_name = ANY (types))
    AND (severities IS NULL OR c.severity = ANY (severities))
    AND (before_at IS NULL OR (c.opened_at, c.id) < (before_at, before_id))
    ORDER BY c.opened_at DESC, c.id DESC LIMIT most;
END $$;
REVOKE ALL ON FUNCTION cases_search(tsquery, text, boolean, text[], text[], text[], timestamptz, uuid, integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION cases_search(tsquery, text, boolean, text[], text[], text[], timestamptz, uuid, integer)
    TO onecity_app;
"""


class Migration(migrations.Migration):
    dependencies = [("cases", "0001_initial"), ("access", "0002_walls")]

    operations = [
        migrations.RunSQL(HISTORY, NO_HISTORY),
        migrations.RunSQL(RIGHTS, NO_RIGHTS),
        RowSecurityThrough(
            "cases_caseevent",
            "EXISTS (SELECT 1 FROM cases_case c WHERE c.id = case_id)",
            commands=("select", "insert"),
        ),
        RowSecurityThrough(
            "cases_attachment",
            "EXISTS (SELECT 1 FROM cases_case c WHERE c.id = case_id)",
            commands=("select", "insert"),
        ),
        # what kinds of cases there are is no secret; the owner publishes them
        RowSecurityThrough("cases_casetype", "true", commands=("select",)),
        migrations.RunSQL(NUMBERS, "DROP FUNCTION cases_next_numbers(text, integer, integer)"),
        migrations.RunSQL(
            SEARCH,
            "DROP FUNCTION cases_search(tsquery, text, boolean, text[], text[], text[], timestamptz, uuid, integer)",
        ),
    ]
