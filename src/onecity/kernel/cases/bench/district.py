"""A made-up district of the bench: 13 towns, 350 villages, 2,000 staff, and as many cases as asked for.

Everything follows from the row's number, so that two runs measure the same. A tenth of the cases is running; a fifth of
these is late. Cases and their histories are written by the database itself, since loading is not what is measured.
"""

import datetime as dt
from dataclasses import dataclass
from uuid import UUID

from django.db import connection

from onecity.kernel.cases import service
from onecity.kernel.cases.logic import search_text
from onecity.kernel.cases.types import CaseTypeDecl
from onecity.kernel.people.models import Account, Organisation, Role, RoleAssignment
from onecity.kernel.places.models import Division

TOWNS, VILLAGES, STAFF, KINDS = 13, 350, 2000, 40
ROOT = "adm/910000/"
WHERE = ("路口", "小区门口", "河道", "菜场", "学校旁", "工地", "公交站", "绿地", "地铁口", "停车场")
WHAT = (
    "暴露垃圾",
    "井盖破损",
    "路灯不亮",
    "占道经营",
    "违法停车",
    "噪声扰民",
    "水体发黑",
    "树枝断落",
    "路面积水",
    "扬尘",
)
RARE = "无人机坠落"
ALL_RIGHTS = ["cases.view", "cases.open", "cases.handle", "cases.dispatch", "cases.verify"]

TEMPLATES = "CREATE TEMP TABLE bench_words (n int PRIMARY KEY, title text, search tsvector)"
TEMPLATE = "INSERT INTO bench_words VALUES (%s, %s, array_to_tsvector(%s::text[]))"
# one in ten is running; everything else is drawn from the number by PostgreSQL's own hash, each with a seed of its own
CASES = """
INSERT INTO cases_case (id, district, number, type_name, type_version, title, description, address, division_path, lon, lat,
    severity, state, stage, version, assignee_id, organisation_id, role, opened_at, started_at, stage_since, deadline,
    final_deadline, sweep_at, overdue_since, closed_at, source, source_key, entity_id, evidence, said, search, answers, round,
    result, asked, external, rung, reporter_shown)
SELECT md5('case' || i)::uuid, '910000', '2026-' || lpad(i::text, 7, '0'), 'kind' || pg_temp.draw(i, 1, %(kinds)s), 1, w.title,
    '', '', v.path, 121.3 + pg_temp.draw(i, 2, 4001) / 10000.0, 30.8 + pg_temp.draw(i, 3, 2999) / 10000.0,
    (ARRAY['', '', '', '', 'blue', 'yellow', 'orange', 'red'])[1 + pg_temp.draw(i, 4, 8)],
    CASE WHEN o.running THEN (ARRAY['opened', 'accepted', 'handling', 'handling', 'handled', 'verified'])[1 + pg_temp.draw(i, 5, 6)]
        ELSE 'closed' END,
    'handle', %(events)s, CASE WHEN pg_temp.draw(i, 6, 4) > 0 THEN s.id END, s.organisation_id, '', t.at, t.at, t.at,
    t.at + interval '5 days', t.at + interval '5 days', CASE WHEN o.running THEN t.at + interval '4 days' END, NULL,
    CASE WHEN NOT o.running THEN t.at + interval '3 days' END, 'alert', 'bench:' || i,
    md5('entity' || pg_temp.draw(i, 7, 5000))::uuid, '{}', '{}', w.search, '{}', 1, '', '', '', 0, ''
FROM generate_series(%(first)s, %(last)s) AS i
CROSS JOIN LATERAL (SELECT pg_temp.draw(i, 8, 10) = 0 AS running) o
CROSS JOIN LATERAL (SELECT %(now)s::timestamptz - interval '1 minute' * CASE WHEN o.running THEN pg_temp.draw(i, 9, 8640)
    ELSE pg_temp.draw(i, 9, 1576800) END AS at) t
JOIN bench_words w ON w.n = CASE WHEN i %% 50000 = 1 THEN 100 ELSE pg_temp.draw(i, 10, 100) END
JOIN bench_places v ON v.n = pg_temp.draw(i, 11, %(villages)s)
JOIN bench_staff s ON s.n = pg_temp.draw(i, 12, %(staff)s)
"""
DRAW = """
CREATE FUNCTION pg_temp.draw(i integer, seed bigint, sides integer) RETURNS integer LANGUAGE sql IMMUTABLE
RETURN ((hashint4extended(i, seed) & 2147483647) %% sides)::integer
""".replace("%%", "%")
# what keeps the tables right and quick is put back when the rows are there: each then is built once, from all of them
INDEXES = """
SELECT indexname, indexdef FROM pg_indexes i WHERE tablename IN ('cases_case', 'cases_caseevent') AND NOT EXISTS (
    SELECT 1 FROM pg_constraint WHERE conname = indexname)
"""
CONSTRAINTS = """
SELECT conrelid::regclass, conname, pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = 'case_change_has_event'
    OR (conrelid = 'cases_caseevent'::regclass AND contype IN ('f', 'p', 'u')) ORDER BY contype = 'f' DESC, conname
"""
EVENTS = """
INSERT INTO cases_caseevent (case_id, version, at, actor_name, action, from_state, to_state, note, data)
SELECT c.id, e.version, c.opened_at + e.version * interval '1 hour', '', e.action, e.source,
    CASE WHEN e.version = %(events)s THEN c.state ELSE 'opened' END, '', '{}'
FROM cases_case c CROSS JOIN LATERAL (SELECT n AS version, CASE WHEN n = 1 THEN '' ELSE 'opened' END AS source,
    CASE n WHEN 1 THEN 'open' WHEN %(events)s THEN 'import' ELSE 'comment' END AS action
    FROM generate_series(1, %(events)s) AS n) e
WHERE c.number BETWEEN %(low)s AND %(high)s AND c.source_key LIKE 'bench:%%'
"""


@dataclass(frozen=True)
class District:
    """What the measurements ask for: who asks, by role, and where."""

    people: dict[str, Account]
    town: str
    village: str
    case_id: UUID


def build() -> District:
    """Divisions, offices, people, kinds and the tables the cases are made from; once, in the present database."""
    paths = _places()
    people = _people(paths)
    for number in range(KINDS):
        service.publish(CaseTypeDecl(f"kind{number}", f"Kind {number}"))
    with connection.cursor() as cursor:
        cursor.execute(TEMPLATES)
        cursor.execute(DRAW)
        titles = [place + what for place in WHERE for what in WHAT] + [WHERE[0] + RARE]
        for number, title in enumerate(titles):
            cursor.execute(TEMPLATE, [number, title, search_text.document(title)])
    village = paths[0]
    return District(people, "/".join(village.split("/")[:3]) + "/", village, UUID(int=0))


def fill(first: int, last: int, now: dt.datetime, events: int) -> None:
    """Write the cases `first` to `last`, each with so many events; the history's checks run once at the end, on all rows."""
    values: dict[str, int | str | dt.datetime] = {
        "first": first, "last": last, "now": now, "kinds": KINDS, "villages": VILLAGES, "staff": STAFF, "events": events,
        "low": f"2026-{first:07d}", "high": f"2026-{last:07d}",
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE cases_caseevent DISABLE TRIGGER USER")
        cursor.execute(CONSTRAINTS)
        constraints = cursor.fetchall()
        cursor.execute(INDEXES)
        indexes = cursor.fetchall()
        for table, name, _definition in constraints:
            cursor.execute(f"ALTER TABLE {table} DROP CONSTRAINT {name}")
        for name, _definition in indexes:
            cursor.execute(f"DROP INDEX {name}")
        cursor.execute(CASES, values)
        cursor.execute(EVENTS, values)
        for _name, definition in indexes:
            cursor.execute(definition)
        for table, name, definition in reversed(constraints):
            cursor.execute(f"ALTER TABLE {table} ADD CONSTRAINT {name} {definition}")
        cursor.execute("ALTER TABLE cases_caseevent ENABLE TRIGGER USER")
        cursor.execute("VACUUM (ANALYZE) cases_case, cases_caseevent, access_grant")


def _places() -> list[str]:
    root = Division.objects.create(tree="adm", code="910000", name="测试区", level="district", path=ROOT)
    towns = [
        Division(tree="adm", code=f"91{n:04d}", name=f"镇{n}", level="town", path=f"{ROOT}91{n:04d}/", parent=root)
        for n in range(1, TOWNS + 1)
    ]
    Division.objects.bulk_create(towns)
    villages = []
    for n in range(VILLAGES):
        town = towns[n % TOWNS]
        code = f"{town.code}{n:03d}"
        villages.append(
            Division(tree="adm", code=code, name=f"村{n}", level="village", path=f"{town.path}{code}/", parent=town)
        )
    Division.objects.bulk_create(villages)
    paths = [v.path for v in villages]
    with connection.cursor() as cursor:
        cursor.execute("CREATE TEMP TABLE bench_places (n int PRIMARY KEY, path text)")
        cursor.executemany("INSERT INTO bench_places VALUES (%s, %s)", list(enumerate(paths)))
    return paths


def _people(paths: list[str]) -> dict[str, Account]:
    role = Role.objects.create(name="bench", title="bench", permissions=ALL_RIGHTS)
    tops = sorted({"/".join(path.split("/")[:3]) + "/" for path in paths})
    offices = [
        Organisation(code=f"office-{i}", name=f"城运中心{i}", division_path=p) for i, p in enumerate([ROOT, *tops])
    ]
    Organisation.objects.bulk_create(offices)
    staff = [
        Account(username=f"staff{n}", display_name=f"职员{n}", organisation=offices[1 + n % TOWNS])
        for n in range(STAFF)
    ]
    Account.objects.bulk_create(staff)
    assignments = [
        RoleAssignment(account=a, role=role, division_path=paths[n % VILLAGES]) for n, a in enumerate(staff) if n > 3
    ]
    special = {
        "village_worker": (staff[0], [paths[0]]),
        "inspector_of_40_villages": (staff[1], paths[:40]),
        "town_manager": (staff[2], [tops[0]]),
        "district_dispatcher": (staff[3], [ROOT]),
    }
    for account, places in special.values():
        assignments += [RoleAssignment(account=account, role=role, division_path=place) for place in places]
    RoleAssignment.objects.bulk_create(assignments)
    with connection.cursor() as cursor:
        cursor.execute("CREATE TEMP TABLE bench_staff (n int PRIMARY KEY, id uuid, organisation_id uuid)")
        rows = [(n, a.id, a.organisation_id) for n, a in enumerate(staff)]
        cursor.executemany("INSERT INTO bench_staff VALUES (%s, %s, %s)", rows)
    leader = Account.objects.create_superuser("leader", display_name="区领导")
    return {name: account for name, (account, _places_) in special.items()} | {"leader_of_everything": leader}
