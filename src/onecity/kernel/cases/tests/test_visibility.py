"""Many scopes as one question: the same cases are seen, by the filter and by row-level security alone."""

import datetime as dt

import pytest
from django.db import connection
from django.utils import translation

from onecity.kernel.access.session import acting_as
from onecity.kernel.cases import listing, mapping, service, visibility
from onecity.kernel.cases.listing import Wanted
from onecity.kernel.cases.models import Case
from onecity.kernel.cases.tests.conftest import DISTRICT, LONG_AGO, MONDAY, TOWN_A, VILLAGE_A, VILLAGE_B, Town, litter
from onecity.kernel.core.clock import FixedClock
from onecity.kernel.people.models import Account, Role, RoleAssignment

HELD = [f"{TOWN_A}99010000100{n}/" for n in range(1, 8)]
# beside, above and just past what is held, where a careless end of a range would let one through
OUTSIDE = [VILLAGE_B, TOWN_A, DISTRICT, f"{TOWN_A}990100001008/", HELD[0][:-1] + "0/"]


@pytest.fixture
def inspector(town: Town) -> Account:
    account = Account.objects.create_user("inspector", display_name="巡查员")
    role = Role.objects.create(name="inspector", title="Inspector", permissions=["cases.view"])
    for path in HELD:
        RoleAssignment.objects.create(account=account, role=role, division_path=path, valid_from=LONG_AGO)
    return account


def test_many_scopes_show_their_cases_and_no_other(inspector: Account, town: Town, app_role: None) -> None:
    with acting_as(town["dispatcher"].id):
        inside = service.open_cases([litter(division_path=path) for path in [*HELD, HELD[2] + "grid1/"]])
        service.open_cases([litter(division_path=path) for path in OUTSIDE])
    wanted = {case.id for case in inside}
    with acting_as(inspector.id):
        assert {c.id for c in listing.page(inspector, Wanted()).cases} == wanted
        # the same without any filter of the application
        assert set(Case.objects.values_list("id", flat=True)) == wanted
        assert {c.id for c in service.visible_cases(inspector)} == wanted
    with acting_as(None):
        assert Case.objects.count() == 0


def test_a_right_that_has_ended_shows_nothing(
    inspector: Account, town: Town, clock: FixedClock, app_role: None
) -> None:
    with acting_as(town["dispatcher"].id):
        service.open_case(litter(division_path=HELD[0]))
    with connection.cursor() as cursor:
        cursor.execute("RESET ROLE")
        RoleAssignment.objects.filter(account=inspector).update(valid_to=MONDAY - dt.timedelta(days=365))
        cursor.execute("SET LOCAL ROLE onecity_app")
    with acting_as(inspector.id):
        assert Case.objects.count() == 0


@pytest.mark.parametrize("scopes", [[""], ["a"], ['a"b\\c/', "d,e]f/"], ["镇/", "adm/1/"]])
def test_any_text_can_be_a_scope(db: None, scopes: list[str]) -> None:
    with connection.cursor() as cursor:
        for scope in scopes:
            for path, inside in [(scope, True), (scope + "x", True), (scope[:-1] + "\x01", scope == "")]:
                cursor.execute(
                    "SELECT %s::cases_path_multirange @> %s::text", [visibility.multirange(sorted(scopes)), path]
                )
                assert cursor.fetchone() == (inside,), (scopes, path)


def test_a_crowded_map_shows_how_many_each_division_has(
    town: Town, monkeypatch: pytest.MonkeyPatch, app_role: None
) -> None:
    with acting_as(town["dispatcher"].id):
        for n in range(3):
            service.open_case(litter(lon=121.40 + n / 100, lat=30.90, severity="red" if n == 1 else "blue"))
        service.open_case(litter(lon=121.5, lat=30.95, division_path=VILLAGE_B, severity=""))
        service.open_case(litter())
        single = mapping.points(town["dispatcher"], Wanted())
        assert (len(single["features"]), single["truncated"]) == (4, False)
        monkeypatch.setattr(mapping, "MOST", 3)
        with translation.override("zh-hans"):
            crowded = mapping.points(town["dispatcher"], Wanted(types=("litter",)))
    assert crowded["truncated"] is True
    first, second = sorted(crowded["features"], key=lambda f: f["properties"]["id"])
    assert first["geometry"]["coordinates"] == [pytest.approx(121.41), pytest.approx(30.90)]
    assert first["properties"] == {
        "id": VILLAGE_A,
        "title": "区划990100001001",
        "href": f"/desk/cases?scope=all&place={VILLAGE_A.replace('/', '%2F')}&type=litter",
        "state": "red",
        "detail": "3 件",
        "count": 3,
    }
    assert (second["properties"]["count"], second["properties"]["state"]) == (1, "ok")
    # who sees three has them one by one
    with acting_as(town["handler_a"].id):
        assert [f["properties"].get("count") for f in mapping.points(town["handler_a"], Wanted())["features"]] == [
            None
        ] * 3
