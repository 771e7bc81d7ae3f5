"""Cases of the bench with their whole histories, reporters and ratings, written by the database itself.

Everything follows from the row's number, so that two runs measure the same. A tenth of the cases is running; a sixth of
these is late. A history goes the usual way of its kind and lies between others in the order of time, as it would have
been written. Loading is not what is measured: indexes and walls are taken away before and put back at the end.
"""

import datetime as dt
from typing import Any, Final

from django.db import connection

from onecity.kernel.cases.bench.district import KINDS, RESIDENTS, STAFF, VILLAGES

# the shortest history that goes the whole way
LEAST_EVENTS: Final = 12
# one in ten is running; everything else is drawn from the number by PostgreSQL's own hash, each with a seed of its own
CASES = """
INSERT INTO cases_case (id, district, number, type_name, type_version, title, description, address, division_path, lon, lat,
    severity, state, stage, version, assignee_id, organisation_id, role, opened_at, started_at, stage_since, deadline,
    final_deadline, sweep_at, overdue_since, closed_at, source, source_key, entity_id, evidence, said, search, answers, round,
    result, asked, external, rung, reporter_shown)
SELECT m.id, '910000', '2026-' || lpad(i::text, 7, '0'), 'kind' || pg_temp.draw(i, 1, %(kinds)s), 1, w.title,
    '', '', v.path, 121.3 + pg_temp.draw(i, 2, 4001) / 10000.0, 30.8 + pg_temp.draw(i, 3, 2999) / 10000.0,
    (ARRAY['', '', '', '', 'blue', 'yellow', 'orange', 'red'])[1 + pg_temp.draw(i, 4, 8)],
    CASE WHEN %(events)s = 1 THEN 'opened' WHEN o.running THEN (ARRAY['opened', 'accepted', 'handling', 'handling', 'handled', 'verified'])[1 + pg_temp.draw(i, 5, 6)]
        ELSE 'closed' END,
    'handle', %(events)s, CASE WHEN pg_temp.draw(i, 6, 4) > 0 THEN s.id END, s.organisation_id, '', t.at, t.at, t.at,
    t.at + 5 * l.part, t.at + 5 * l.part, CASE WHEN o.running THEN CASE r.ung WHEN 0 THEN t.at + 4 * l.part
        WHEN 1 THEN t.at + 5 * l.part END END,
    CASE WHEN o.running AND r.ung = 2 THEN t.at + 5 * l.part
        WHEN NOT o.running AND pg_temp.draw(i, 14, 20) = 0 THEN t.at + interval '2 days' END,
    CASE WHEN NOT o.running THEN t.at + interval '3 days' END,
    (ARRAY['alert', 'call', 'resident', 'open311', 'field'])[1 + pg_temp.draw(i, 15, 5)], 'bench:' || i,
    md5('entity' || pg_temp.draw(i, 7, 5000))::uuid, '{}', '{}', w.search, '{}', 1,
    CASE WHEN o.running THEN '' ELSE (ARRAY['solved', 'solved', 'explained', 'unsolved'])[1 + pg_temp.draw(i, 16, 4)] END,
    '', '', CASE WHEN o.running THEN r.ung ELSE 0 END, CASE WHEN pg_temp.draw(i, 13, 4) = 0 THEN '王** 138****' || lpad(pg_temp.draw(i, 17, 10000)::text, 4, '0') ELSE '' END
FROM generate_series(%(first)s, %(last)s) AS i
CROSS JOIN LATERAL (SELECT pg_temp.draw(i, 8, 10) < %(running)s AS running) o
CROSS JOIN LATERAL (SELECT %(now)s::timestamptz - interval '1 minute' * CASE WHEN o.running THEN pg_temp.draw(i, 9, %(age)s)
    ELSE 4320 + pg_temp.draw(i, 9, 1576800) END AS at) t
-- the sweep has reminded and warned of everything so far
CROSS JOIN LATERAL (SELECT CASE WHEN o.running THEN interval '1 minute' * %(age)s / 6 ELSE interval '1 day' END AS part) l
CROSS JOIN LATERAL (SELECT (%(now)s >= t.at + 4 * l.part)::integer + (%(now)s >= t.at + 5 * l.part)::integer AS ung) r
-- ids follow the time of opening, as those of the platform do (RFC 9562, version 7)
CROSS JOIN LATERAL (SELECT (lpad(to_hex(floor(extract(epoch FROM t.at) * 1000)::bigint), 12, '0') || '7' || substr(md5('case' || i), 1, 3)
    || '8' || substr(md5('case' || i), 4, 15))::uuid AS id) m
JOIN bench_words w ON w.n = CASE WHEN i %% 50000 = 1 THEN 100 ELSE pg_temp.draw(i, 10, 100) END
JOIN bench_places v ON v.n = pg_temp.draw(i, 11, %(villages)s)
JOIN bench_staff s ON s.n = pg_temp.draw(i, 12, %(staff)s)
ORDER BY t.at
"""
DRAW = """
CREATE FUNCTION pg_temp.draw(i integer, seed bigint, sides integer) RETURNS integer LANGUAGE sql IMMUTABLE
RETURN ((hashint4extended(i, seed) & 2147483647) % sides)::integer
"""
REACHED = """
CREATE TEMP TABLE bench_reached AS SELECT name, ordinality AS rank FROM unnest(
    ARRAY['', 'opened', 'accepted', 'handling', 'handled', 'verified', 'closed']) WITH ORDINALITY AS s (name, ordinality)
"""
# the way of a case that ends, in so many entries; what a running one has not come to yet is a word in its present state
STEPS = """
CREATE TEMP TABLE bench_steps AS
SELECT n, s.*, b.rank AS target_rank FROM generate_series(1, %(events)s) AS n CROSS JOIN LATERAL (SELECT * FROM (VALUES
    (n = 1, 'open', '', 'opened'), (n = 2, 'comment', 'opened', 'opened'), (n = 3, 'accept', 'opened', 'accepted'),
    (n = 4, 'assign', 'accepted', 'accepted'), (n = 5, 'contact', 'accepted', 'accepted'), (n = 6, 'start', 'accepted', 'handling'),
    (n = %(events)s - 4, 'finish', 'handling', 'handled'), (n = %(events)s - 3, 'comment', 'handled', 'handled'),
    (n = %(events)s - 2, 'verify', 'handled', 'verified'), (n = %(events)s - 1, 'close', 'verified', 'closed'),
    (n = %(events)s, 'rated', 'closed', 'closed'),
    (true, (ARRAY['comment', 'attach', 'due_soon', 'comment', 'word'])[1 + n %% 5], 'handling', 'handling')
    ) AS v (fits, action, source, target) WHERE fits LIMIT 1) AS s
JOIN bench_reached b ON b.name = s.target
"""
EVENTS = """
INSERT INTO cases_caseevent (case_id, version, at, actor_id, actor_name, action, from_state, to_state, note, data)
SELECT c.id, s.n, c.opened_at + (s.n - 1) * c.spell, c.assignee_id, '', CASE WHEN s.target_rank <= b.rank THEN s.action ELSE 'comment' END,
    CASE WHEN s.target_rank <= b.rank THEN s.source ELSE c.state END, CASE WHEN s.target_rank <= b.rank THEN s.target ELSE c.state END, '',
    CASE WHEN s.target_rank > b.rank THEN '{}'::jsonb
        WHEN s.action = 'open' THEN jsonb_build_object('source', c.source, 'organisation_id', c.organisation_id)
        WHEN s.action = 'contact' THEN jsonb_build_object('reached', c.lon < 121.65)
        WHEN s.action = 'close' THEN jsonb_build_object('result', c.result) ELSE '{}' END
FROM (SELECT *, (coalesce(closed_at, least(%(now)s::timestamptz, opened_at + interval '3 days')) - opened_at) / (%(events)s - 2) AS spell
    FROM cases_case WHERE number BETWEEN %(low)s AND %(high)s AND source_key LIKE 'bench:%%') c
JOIN bench_reached b ON b.name = c.state CROSS JOIN bench_steps s ORDER BY 3
"""
REPORTERS = """
INSERT INTO cases_reporter (case_id, account_id, name, phone, email, hidden, code_hash, created_at)
SELECT c.id, r.id, '王小明', '138' || lpad(pg_temp.draw(c.i, 17, 100000000)::text, 8, '0'), '', false, '', c.opened_at
FROM (SELECT *, substr(number, 6)::integer AS i FROM cases_case WHERE number BETWEEN %(low)s AND %(high)s
    AND source_key LIKE 'bench:%%' AND reporter_shown <> '') c
JOIN bench_residents r ON r.n = pg_temp.draw(c.i, 18, %(residents)s)
"""
RATINGS = """
INSERT INTO cases_rating (id, case_id, round, step, stars, aspects, text, channel, account_id, real_name, additional, flagged, at)
SELECT md5('rating' || c.i)::uuid, c.id, 1, 'end', 1 + pg_temp.draw(c.i, 19, 5), '{}', '', 'portal', NULL, true, false, false,
    c.closed_at + interval '1 hour'
FROM (SELECT *, substr(number, 6)::integer AS i FROM cases_case WHERE number BETWEEN %(low)s AND %(high)s
    AND source_key LIKE 'bench:%%' AND closed_at IS NOT NULL) c WHERE pg_temp.draw(c.i, 20, 8) = 0
"""
TABLES = "'cases_case', 'cases_caseevent', 'cases_reporter', 'cases_rating'"
# what keeps the tables right and quick is put back when the rows are there: each then is built once, from all of them
INDEXES = f"""
SELECT indexname, indexdef FROM pg_indexes i WHERE tablename IN ({TABLES}) AND NOT EXISTS (
    SELECT 1 FROM pg_constraint WHERE conname = indexname)
"""  # noqa: S608 - constants of this program
CONSTRAINTS = """
SELECT conrelid::regclass, conname, pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = 'case_change_has_event'
    OR (conrelid = 'cases_caseevent'::regclass AND contype IN ('f', 'p', 'u')) ORDER BY contype = 'f' DESC, conname
"""


def fill(first: int, last: int, now: dt.datetime, events: int, *, running: int = 1, age_days: float = 120.0) -> None:
    """Write the cases `first` to `last`, each with so many entries (one, or at least `LEAST_EVENTS`).

    `running`: so many of ten are running, opened within the last `age_days`, with five sixths of that time to be settled. The walls of the history are checked once at
    the end, on all rows.
    """
    values = {
        "first": first, "last": last, "now": now, "kinds": KINDS, "villages": VILLAGES, "staff": STAFF,
        "events": events if events == 1 else max(events, LEAST_EVENTS), "running": running, "age": round(age_days * 1440), "residents": RESIDENTS,
        "low": f"2026-{first:07d}", "high": f"2026-{last:07d}",
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute("SET work_mem = '512MB'; SET maintenance_work_mem = '1GB'")
        cursor.execute("ALTER TABLE cases_caseevent DISABLE TRIGGER USER")
        cursor.execute(CONSTRAINTS)
        constraints = cursor.fetchall()
        cursor.execute(INDEXES)
        indexes = cursor.fetchall()
        for table, name, _definition in constraints:
            cursor.execute(f"ALTER TABLE {table} DROP CONSTRAINT {name}")
        for name, _definition in indexes:
            cursor.execute(f"DROP INDEX {name}")
        _write(cursor, values)
        for _name, definition in indexes:
            cursor.execute(definition)
        for table, name, definition in reversed(constraints):
            cursor.execute(f"ALTER TABLE {table} ADD CONSTRAINT {name} {definition}")
        cursor.execute("ALTER TABLE cases_caseevent ENABLE TRIGGER USER")
        cursor.execute("RESET work_mem; RESET maintenance_work_mem")
        cursor.execute(f"VACUUM (ANALYZE) {TABLES.replace(chr(39), '')}")
        # also kinds, people and places, as autovacuum does within minutes
        cursor.execute("ANALYZE")


def _write(cursor: Any, values: dict[str, Any]) -> None:
    cursor.execute("CREATE OR REPLACE " + DRAW.strip().removeprefix("CREATE "))
    cursor.execute("DROP TABLE IF EXISTS bench_steps, bench_reached")
    for statement in (CASES, REACHED, STEPS, EVENTS, REPORTERS, RATINGS):
        cursor.execute(statement, values)
