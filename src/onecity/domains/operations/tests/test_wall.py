"""The wall over two towns, asked as the application's role: everybody sees his own part, and the picture is right."""

import datetime as dt
from dataclasses import dataclass
from urllib.parse import urlencode

import numpy as np
import pytest
import shapely
from django.db import connection
from django.test import Client

from onecity.domains.operations import situations
from onecity.domains.operations.models import ModeChange
from onecity.kernel.access.session import acting_as
from onecity.kernel.core.clock import now, to_us
from onecity.kernel.people.models import Account, Role, RoleAssignment
from onecity.kernel.places.models import Division
from onecity.kernel.registry import registry
from onecity.kernel.registry.domain import Domain, Layer
from onecity.kernel.rules import definition
from onecity.kernel.rules.logic.conditions import Level, Severity, Threshold
from onecity.kernel.rules.models import Alert, Rule, RuleVersion
from onecity.kernel.rules.types import RuleDecl
from onecity.kernel.telemetry import store
from onecity.kernel.telemetry.batch import Batch
from onecity.kernel.telemetry.models import Latest, Series
from onecity.kernel.telemetry.types import Attribute, EntityType
from onecity.kernel.twin import service as twin
from onecity.kernel.twin.models import Entity

DISTRICT, TOWN_A, TOWN_B = "adm/990200/", "adm/990200/990200001/", "adm/990200/990200002/"
STATION = EntityType(
    name="WallStation",
    title="Station",
    attributes=(Attribute("dust", "Dust", "ug/m3", 0, 1000, decimals=0),),
    max_age=dt.timedelta(hours=1),
    late_after=dt.timedelta(days=1),
)
RULE = RuleDecl("wall.dust", "Too much dust", "WallStation", "dust", Threshold((Level(Severity.RED, 100.0),)))
ALL = (
    "operations.view",
    "entities.view",
    "alerts.view",
    "cases.view",
    "rules.view",
    "telemetry.view",
    "operations.command",
)
LONG_AGO = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)


@dataclass
class City:
    quiet: Entity
    loud: Entity
    silent: Entity
    alert: Alert
    people: dict[str, Account]


@pytest.fixture
def city(db: None) -> City:
    whole = Division.objects.create(
        tree="adm", code="990200", name="海区", level="district", path=DISTRICT, geometry=shapely.box(0, 0, 2, 1).wkb
    )
    for number, (path, name) in enumerate([(TOWN_A, "东镇"), (TOWN_B, "西镇")]):
        outline = shapely.box(number, 0, number + 1, 1).wkb
        Division.objects.create(
            tree="adm", code=path.split("/")[-2], name=name, level="town", path=path, parent=whole, geometry=outline
        )
    loud, quiet = station("loud", TOWN_A, 400.0, 0), station("quiet", TOWN_B, 12.0, 0)
    silent = station("silent", TOWN_B, 9.0, 7)
    rule = Rule.objects.create(name=RULE.name)
    version = RuleVersion.objects.create(
        rule=rule,
        number=1,
        definition=definition.of_declaration(RULE).to_data(),
        state="published",
        effective_from=LONG_AGO,
        published_at=LONG_AGO,
    )
    alert = Alert.objects.create(
        rule=rule,
        version=version,
        entity_id=loud.id,
        entity_urn=loud.urn,
        entity_name=loud.name,
        entity_type=loud.type,
        series_id=Series.objects.get(entity_id=loud.id).id,
        attribute="dust",
        unit="ug/m3",
        division_path=TOWN_A,
        severity="red",
        onset=now() - dt.timedelta(hours=3),
        raised_at=now(),
        peak_at=now(),
        peak_value=400.0,
    )
    people = {
        "district": person("district", DISTRICT, *ALL),
        "town_a": person("town_a", TOWN_A, *ALL),
        "town_b": person("town_b", TOWN_B, *ALL),
        "outsider": person("outsider", DISTRICT, "entities.view"),
    }
    return City(quiet, loud, silent, alert, people)


def station(key: str, path: str, value: float, hours_old: int) -> Entity:
    made = twin.upsert_entity(type=STATION, key=key, name=key, division_path=path, lon=0.5, lat=0.5)
    series = Series.objects.get(entity_id=made.id)
    Latest.objects.create(series=series, value=value, observed_at=now() - dt.timedelta(hours=hours_old))
    return made


def person(name: str, path: str, *permissions: str) -> Account:
    account = Account.objects.create_user(username=name, display_name=name)
    role = Role.objects.create(name=f"role-{name}", title="Role", permissions=list(permissions))
    RoleAssignment.objects.create(account=account, role=role, division_path=path, valid_from=LONG_AGO)
    return account


def browser_of(city: City, name: str) -> Client:
    client = Client(headers={"accept-language": "en"})
    client.force_login(city.people[name])
    return client


def states(client: Client, **asked: str) -> dict[str, str]:
    answer = client.get(f"/ops/layers?{urlencode(asked)}")
    assert answer.status_code == 200, answer.content
    return {f["properties"]["title"]: f["properties"]["state"] for f in answer.json()["entities"]["features"]}


def test_the_district_sees_what_is_wrong_what_is_silent_and_what_is_well(city: City, app_role: None) -> None:
    client = browser_of(city, "district")
    assert states(client) == {"loud": "red", "quiet": "ok", "silent": "stale"}
    page = client.get("/ops").content.decode()
    assert "Too much dust" in page
    assert "2 of 3 reporting" in page


def test_a_town_sees_its_own_part_by_list_map_panel_and_chart(city: City, app_role: None) -> None:
    client = browser_of(city, "town_b")
    assert states(client) == {"quiet": "ok", "silent": "stale"}
    page = client.get("/ops").content.decode()
    assert "Too much dust" not in page
    assert "loud" not in page
    for path in (f"/ops/entity/{city.loud.id}", f"/ops/chart/{city.loud.id}/dust"):
        assert client.get(path).status_code == 404
        assert client.get(f"{path}?{urlencode({'division': TOWN_A})}").status_code in {403, 404}
    assert client.get(f"/ops/entity/{city.quiet.id}").status_code == 200


@pytest.mark.parametrize("path", ["/ops", "/ops/parts", "/ops/layers"])
def test_another_division_is_refused_with_who_can_grant_it(city: City, app_role: None, path: str) -> None:
    answer = browser_of(city, "town_b").get(
        f"{path}?{urlencode({'division': TOWN_A})}", headers={"accept": "application/json"}
    )
    assert answer.status_code == 403
    assert answer.json()["permission"] == "operations.view"


def test_without_the_right_the_wall_stays_closed(city: City, app_role: None) -> None:
    assert browser_of(city, "outsider").get("/ops").status_code == 403
    assert Client().get("/ops").status_code == 302


def test_the_past_shows_what_was_wrong_then(city: City, app_role: None) -> None:
    client = browser_of(city, "district")
    before = (now() - dt.timedelta(hours=4)).isoformat()
    assert states(client, division=DISTRICT, at=before) == {"loud": "ok", "quiet": "ok", "silent": "ok"}
    assert "Too much dust" not in client.get(f"/ops/parts?{urlencode({'at': before})}").content.decode()


def test_the_past_shows_the_values_that_stood_then(city: City, monkeypatch: pytest.MonkeyPatch) -> None:
    dust = Layer("wall.dust", "Dust", STATION.name, "dust")
    domain = Domain("wall", "Wall", 99, "nobody", entity_types=(STATION,), layers=(dust,))
    monkeypatch.setattr(registry, "domains", lambda: (domain,))
    made = twin.upsert_entity(type=STATION, key="then", name="then", division_path=TOWN_B, lon=0.5, lat=0.5)
    series = Series.objects.get(entity_id=made.id, attribute="dust")
    moment = now() - dt.timedelta(hours=5)
    times = np.array([to_us(moment - STATION.max_age / 2), to_us(moment + dt.timedelta(seconds=1))], np.int64)
    batch = Batch(np.array([series.pk] * 2, np.int32), times, np.array([17.0, 99.0]))
    for day in store.days(batch):
        store.create_partition(day)
    store.append(batch)
    with connection.cursor() as cursor:
        cursor.execute("SET ROLE onecity_app")
    client = browser_of(city, "town_b")

    def shown(at: dt.datetime) -> tuple[str, str]:
        answer = client.get(f"/ops/layers?{urlencode({'at': at.isoformat()})}").json()
        (found,) = [f["properties"] for f in answer["entities"]["features"] if f["properties"]["id"] == str(made.id)]
        return found["state"], found["value"]

    assert shown(moment) == ("ok", "Dust 17 µg/m³")
    assert shown(moment + dt.timedelta(minutes=1)) == ("ok", "Dust 99 µg/m³")
    assert shown(moment - STATION.max_age) == ("stale", "")


@pytest.mark.parametrize("at", ["yesterday", "2026-11-25T14:00:00", "2026-13-45T99:00:00Z"])
def test_a_moment_that_is_none_is_a_problem(city: City, app_role: None, at: str) -> None:
    assert browser_of(city, "district").get(f"/ops/layers?{urlencode({'at': at})}").status_code == 400


def test_the_desk_shows_the_alerts_of_my_division(city: City, app_role: None) -> None:
    assert "Too much dust" in browser_of(city, "town_a").get("/desk").content.decode()
    assert "Too much dust" not in browser_of(city, "town_b").get("/desk").content.decode()


def test_the_panel_shows_readings_and_alerts(city: City, app_role: None) -> None:
    panel = browser_of(city, "town_a").get(f"/ops/entity/{city.loud.id}").content.decode()
    assert "400" in panel
    assert "µg/m³" in panel
    assert "Too much dust" in panel
    chart = browser_of(city, "district").get(f"/ops/chart/{city.loud.id}/dust").json()
    assert chart["thresholds"] == [{"value": 100.0, "severity": "red", "label": "Red"}]
    assert chart["bands"][0]["to"] is None


def declare(client: Client, division: str, mode: str, reason: str = "Chemical leak") -> int:
    return client.post("/ops/mode", {"division": division, "mode": mode, "reason": reason}).status_code


def test_an_emergency_is_declared_seen_below_and_ended_and_the_trail_says_so(city: City, app_role: None) -> None:
    district = browser_of(city, "district")
    assert declare(district, DISTRICT, "emergency") == 302
    assert declare(district, DISTRICT, "emergency", "again") == 302
    assert (
        list(ModeChange.objects.values_list("division_path", "mode", "reason")) == []
    )  # nobody asks: nothing is shown
    page = browser_of(city, "town_a").get("/ops").content.decode()
    assert "Chemical leak" in page
    assert "Declared for a wider division" in page
    assert declare(district, DISTRICT, "ordinary") == 302
    assert "Chemical leak" not in district.get("/ops").content.decode()
    with acting_as(city.people["district"].id):
        assert list(ModeChange.objects.order_by("id").values_list("mode", flat=True)) == ["emergency", "ordinary"]


def test_nobody_declares_an_emergency_elsewhere_or_without_a_reason(city: City, app_role: None) -> None:
    town = browser_of(city, "town_b")
    assert declare(town, TOWN_A, "emergency") == 403
    assert declare(town, DISTRICT, "emergency") == 403
    assert declare(town, TOWN_B, "emergency", "  ") == 422
    assert declare(town, TOWN_B, "holiday") == 422
    assert declare(browser_of(city, "outsider"), DISTRICT, "emergency") == 403
    with acting_as(city.people["district"].id):
        assert ModeChange.objects.count() == 0


def test_a_list_that_is_cut_says_how_many_more_there_are_and_keeps_the_gravest(
    city: City, monkeypatch: pytest.MonkeyPatch, app_role: None
) -> None:
    with connection.cursor() as cursor:
        cursor.execute("RESET ROLE")
        for number in range(5):
            Alert.objects.create(
                **{name: getattr(city.alert, name) for name in SAME},
                severity="yellow",
                onset=now() - dt.timedelta(minutes=number + 1),
                peak_at=now(),
                raised_at=now(),
                peak_value=150.0,
            )
        cursor.execute("SET ROLE onecity_app")
    monkeypatch.setattr(situations, "LISTED", 3)
    client = browser_of(city, "district")
    page = client.get("/ops").content.decode()
    assert page.count('data-ref="alert:') == 3
    # the red one is the oldest, and stays
    assert f'data-ref="alert:{city.alert.id}"' in page
    assert '<span class="quiet number">6</span>' in page
    assert "3 more, less grave" in page
    assert f"/desk/alerts?state=open&amp;place={DISTRICT.replace('/', '%2F')}" in page
    # what is not listed is still on the map, in its own state
    assert states(client)["loud"] == "red"
    assert client.get("/ops/layers").json()["more"] is False
    monkeypatch.setattr(situations, "MOST", 4)
    assert client.get("/ops/layers").json()["more"] is True
    page = client.get("/ops").content.decode()
    assert '<span class="quiet number">4+</span>' in page
    assert "At least 1 more, less grave" in page


SAME = (
    "rule", "version", "entity_id", "entity_urn", "entity_name", "entity_type", "series_id", "attribute", "unit",
    "division_path",
)  # fmt: skip
