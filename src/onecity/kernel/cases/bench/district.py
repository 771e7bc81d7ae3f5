"""A made-up district of the bench: 13 towns, 350 villages, 2,000 staff, 1,000 residents with accounts, 200 field units.

The tables from which cases are made (see filling) are temporary: they live with the connection that made them.
"""

from dataclasses import dataclass

from django.db import connection
from msgspec import structs

from onecity.kernel.cases import service
from onecity.kernel.cases.logic.definition import Provides
from onecity.kernel.cases.logic.provisions import Choice, Contact, Span
from onecity.kernel.cases.models import Unit
from onecity.kernel.cases.types import DEFAULT_LIFE_CYCLE, CaseTypeDecl
from onecity.kernel.core import search_text
from onecity.kernel.people.models import Account, Organisation, Role, RoleAssignment
from onecity.kernel.places.models import Division

TOWNS, VILLAGES, STAFF, KINDS, RESIDENTS, UNITS = 13, 350, 2000, 40, 1000, 200
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


@dataclass(frozen=True)
class District:
    """What the measurements ask for: who asks, by role, and where; `resident` has reported some hundred cases."""

    people: dict[str, Account]
    resident: Account
    town: str
    village: str


def build() -> District:
    """Divisions, offices, people, kinds and the tables the cases are made from; once, in the present database."""
    paths = _places()
    people = _people(paths)
    for number in range(KINDS):
        service.publish(_kind(number))
    _residents()
    _units(paths)
    with connection.cursor() as cursor:
        cursor.execute(TEMPLATES)
        titles = [place + what for place in WHERE for what in WHAT] + [WHERE[0] + RARE]
        for number, title in enumerate(titles):
            cursor.execute(TEMPLATE, [number, title, search_text.document(title)])
    village = paths[0]
    return District(people, Account.objects.get(username="resident7"), "/".join(village.split("/")[:3]) + "/", village)


def _kind(number: int) -> CaseTypeDecl:
    """Every second kind may be chosen by residents, and every fourth is published with its words."""
    results = tuple(Choice(code, {"zh": code, "en": code}) for code in ("solved", "explained", "unsolved"))
    steps = [structs.replace(step, results=step.name == "close") for step in DEFAULT_LIFE_CYCLE.transitions]
    return CaseTypeDecl(
        f"kind{number}",
        f"Kind {number}",
        residents=number % 2 == 0,
        life_cycle=DEFAULT_LIFE_CYCLE.changed(transitions=steps),
        provides=Provides(
            results=results,
            contact=Contact(Span(1, "working_days")),
            publication="words" if number % 4 == 0 else "facts",
        ),
    )


def _residents() -> None:
    people = [Account(username=f"resident{n}", display_name=f"居民{n}", assurance_level=2) for n in range(RESIDENTS)]
    Account.objects.bulk_create(people)
    with connection.cursor() as cursor:
        cursor.execute("CREATE TEMP TABLE bench_residents (n int PRIMARY KEY, id uuid)")
        rows = [(n, a.id) for n, a in enumerate(people)]
        cursor.executemany("INSERT INTO bench_residents VALUES (%s, %s)", rows)


def _units(paths: list[str]) -> None:
    """Every tenth of the staff is a crew with a phone."""
    crews = Account.objects.filter(username__startswith="staff").order_by("username")[:UNITS]
    Unit.objects.bulk_create(
        Unit(
            name=f"班组{n}",
            account_id=account.id,
            organisation_id=account.organisation_id,
            division_path="/".join(paths[n % VILLAGES].split("/")[:3]) + "/",
            station_lon=121.3 + n % 20 * 0.02,
            station_lat=30.8 + n // 20 * 0.03,
        )
        for n, account in enumerate(crews)
    )


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
