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
# No planner can know how often two words meet. So the newest cases are looked through first, a bounded number: frequent
# words fill the page from there. What does not is rare enough for the word index, whatever the estimates say.
SEARCH = f"""
CREATE FUNCTION cases_search(
    words tsquery, place text, running boolean, states text[], types text[], severities text[],
    before_at timestamptz, before_id uuid, most integer
) RETURNS SETOF uuid
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET plan_cache_mode = force_custom_plan
SET enable_indexscan = on SET enable_seqscan = off AS $$
DECLARE
    asking uuid := {CURRENT_ACCOUNT};
    seen text := (
        SELECT string_agg(CASE WHEN path = '' THEN 'true' ELSE
            format('c.division_path >= %L AND c.division_path < %L', path, left(path, -1) || chr(ascii(right(path, 1)) + 1))
            END, ' OR ')
        FROM access_grant WHERE account_id = asking AND permission IN ('cases.view', '*')
        AND valid_from <= statement_timestamp() AND (valid_to IS NULL OR valid_to > statement_timestamp()));
    fits text := format('c.search @@ %L::tsquery AND (%s)', words, concat_ws(' OR ', seen, format('c.assignee_id = %L', asking)));
    before text := CASE WHEN before_at IS NULL THEN '' ELSE
        format('WHERE c.opened_at <= %1$L AND (c.opened_at < %1$L OR c.id < %2$L)', before_at, before_id) END;
    found uuid[];
BEGIN
    IF place <> '' THEN
        fits := fits || format(' AND c.division_path >= %L AND c.division_path < %L', place,
            left(place, -1) || chr(ascii(right(place, 1)) + 1));
    END IF;
    IF running IS NOT NULL THEN
        fits := fits || CASE WHEN running THEN ' AND c.closed_at IS NULL' ELSE ' AND c.closed_at IS NOT NULL' END;
    END IF;
    fits := fits || CASE WHEN states IS NULL THEN '' ELSE format(' AND c.state = ANY (%L)', states) END
        || CASE WHEN types IS NULL THEN '' ELSE format(' AND c.type_name = ANY (%L)', types) END
        || CASE WHEN severities IS NULL THEN '' ELSE format(' AND c.severity = ANY (%L)', severities) END;
    EXECUTE format('SELECT array_agg(id) FROM (SELECT c.id FROM (SELECT * FROM cases_case c %s '
        'ORDER BY c.opened_at DESC, c.id DESC LIMIT 5000) c WHERE %s ORDER BY c.opened_at DESC, c.id DESC LIMIT %s) n',
        before, fits, most) INTO found;
    IF cardinality(found) = most THEN
        RETURN QUERY SELECT unnest(found);
        RETURN;
    END IF;
    PERFORM set_config('enable_indexscan', 'off', true);
    RETURN QUERY EXECUTE format('SELECT c.id FROM cases_case c %s %s ORDER BY c.opened_at DESC, c.id DESC LIMIT %s',
        CASE WHEN before = '' THEN 'WHERE' ELSE before || ' AND' END, fits, most);
END $$;
REVOKE ALL ON FUNCTION cases_search(tsquery, text, boolean, text[], text[], text[], timestamptz, uuid, integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION cases_search(tsquery, text, boolean, text[], text[], text[], timestamptz, uuid, integer)
    TO onecity_app;
"""

# A range over paths often holds one division: the planner knows how many cases that is only if it knows every division,
# and knows that a word is rare only if it knows many words.
STATISTICS = """
ALTER TABLE cases_case ALTER COLUMN division_path SET STATISTICS 1000;
ALTER TABLE cases_case ALTER COLUMN assignee_id SET STATISTICS 1000;
ALTER TABLE cases_case ALTER COLUMN search SET STATISTICS 1000;
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
        migrations.RunSQL(STATISTICS, migrations.RunSQL.noop),
        migrations.RunSQL(NUMBERS, "DROP FUNCTION cases_next_numbers(text, integer, integer)"),
        migrations.RunSQL(
            SEARCH,
            "DROP FUNCTION cases_search(tsquery, text, boolean, text[], text[], text[], timestamptz, uuid, integer)",
        ),
    ]
