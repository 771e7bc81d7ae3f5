"""The pages and doors of the tiers: who is missing, what is catching up, and how a town joins once."""

import datetime as dt
from typing import Any

import pytest
from django.test import Client
from pytest_django import Settings

from onecity.kernel.core.clock import now
from onecity.kernel.core.errors import Problem
from onecity.kernel.core.ids import new_id
from onecity.kernel.people.models import Account
from onecity.kernel.places.models import Division
from onecity.kernel.tiers import enrolment, status
from onecity.kernel.tiers.models import Conflict, Link, Peer
from onecity.kernel.tiers.templatetags.tiers import tiers_strip

pytestmark = pytest.mark.django_db
DISTRICT, TOWN = "adm/990101/", "adm/990101/990101001/"


@pytest.fixture
def town() -> Division:
    root = Division.objects.create(tree="adm", code="990101", name="Harbour", level="district", path=DISTRICT)
    return Division.objects.create(
        tree="adm", code="990101001", name="North", level="town", path=TOWN, parent=root, lon=121.4, lat=30.9
    )


@pytest.fixture
def reader(client: Client) -> Client:
    client.force_login(Account.objects.create_user(username="root", password="long-enough-1", is_superuser=True))
    return client


def joined(**link: Any) -> Peer:
    peer = Peer.objects.create(
        code="990101001",
        direction="down",
        name="North",
        division_path=TOWN,
        state="joined",
        installation=new_id(),
        slot=0,
    )
    Link.objects.create(peer=peer, **link)
    return peer


def test_a_token_lets_one_town_in_once(town: Division) -> None:
    token = enrolment.read_token(enrolment.invite("990101001").token)
    installation = new_id()
    welcome = enrolment.redeem(token.secret, installation)
    assert (welcome.town, welcome.division_path, welcome.installation) == ("990101001", TOWN, installation)
    assert [place.code for place in welcome.places] == ["990101", "990101001"]
    with pytest.raises(Problem) as again:
        enrolment.redeem(token.secret, new_id())
    assert again.value.status == 403
    assert Peer.objects.get().installation == installation
    with pytest.raises(Problem) as invited:
        enrolment.invite("990101001")
    assert invited.value.status == 409


def test_a_newer_token_ends_the_older_one_and_gets_another_key(town: Division) -> None:
    first = enrolment.invite("990101001")
    second = enrolment.invite("990101001")
    with pytest.raises(Problem):
        enrolment.redeem(enrolment.read_token(first.token).secret, new_id())
    assert enrolment.redeem(enrolment.read_token(second.token).secret, new_id()).slot == (first.peer.slot or 0) + 1


def test_a_token_that_is_too_old_opens_nothing(town: Division) -> None:
    token = enrolment.read_token(enrolment.invite("990101001").token)
    Peer.objects.update(token_until=now() - dt.timedelta(seconds=1))
    with pytest.raises(Problem):
        enrolment.redeem(token.secret, new_id())
    assert Peer.objects.get().state == "invited"


@pytest.mark.parametrize("text", ["", "onecity-town.", "onecity-town.???", "onecity-town." + "A" * 5_000, "x"])
def test_what_is_no_token_is_said_to_be_none(text: str) -> None:
    with pytest.raises(Problem) as problem:
        enrolment.read_token(text)
    assert problem.value.status == 422


def test_the_door_refuses_a_wrong_secret(client: Client, town: Division) -> None:
    enrolment.invite("990101001")
    body = {"secret": "wrong", "installation": str(new_id())}
    answer = client.post("/api/tiers/enrol", body, content_type="application/json")
    assert answer.status_code == 403
    assert Peer.objects.get().state == "invited"


def test_a_town_that_is_cut_off_is_missing_from_every_count(reader: Client, settings: Settings) -> None:
    settings.ONECITY_TIER = "district"
    joined(connected=False, heard_at=now() - dt.timedelta(minutes=3), behind={"readings": 0, "changes": 0})
    assert [one.name for one in status.missing()] == ["North"]
    assert "North" in reader.get("/desk/tiers").content.decode()
    assert [one.name for one in tiers_strip()["missing"]] == ["North"]  # type: ignore[attr-defined]  # a template's context
    answer = reader.get("/api/tiers/links").json()
    assert answer["missing"] == ["North"]
    assert answer["links"][0]["connected"] is False


def test_catching_up_says_how_much_and_how_long(reader: Client) -> None:
    joined(
        connected=True, heard_at=now(), behind={"readings": 12_000, "changes": 0}, pace=1_000.0, said={"oldest": 40.0}
    )
    (one,) = status.links()
    assert one.catching_up
    assert one.remaining_seconds == 12
    page = reader.get("/desk/tiers/parts").content.decode()
    assert "12,000" in page
    assert "约 12 秒" in page


def test_a_town_that_is_level_is_not_missing(settings: Settings) -> None:
    settings.ONECITY_TIER = "district"
    joined(connected=True, heard_at=now(), behind={"readings": 40, "changes": 0}, said={"oldest": 0.3})
    assert status.missing() == []


def test_every_conflict_is_listed_with_both_values(reader: Client) -> None:
    Conflict.objects.create(
        peer_id="990101001", kind="entity", division_path=TOWN, object_id="urn:x", title="Pump 3", field="name",
        town="Pump three", district="Pump III", town_at=1, district_at=2, winner="district", rule="later",
    )  # fmt: skip
    page = reader.get("/desk/tiers/conflicts").content.decode()
    assert "Pump three" in page
    assert "Pump III" in page
    assert "区级的" in page


def test_every_page_says_that_a_town_is_missing_and_since_when(
    reader: Client, town: Division, settings: Settings
) -> None:
    settings.ONECITY_TIER = "district"
    joined(connected=False, heard_at=now() - dt.timedelta(minutes=10))
    for page in ("/desk/cases", "/desk/alerts"):
        text = reader.get(page).content.decode()
        assert text.count('class="notice warn" role="status"') == 1
        assert "North" in text
    assert 'class="notice warn" role="status"' not in reader.get("/desk/tiers").content.decode()
    Link.objects.update(connected=True, heard_at=now())
    assert 'class="notice warn" role="status"' not in reader.get("/desk/cases").content.decode()
    settings.ONECITY_TIER = ""
    Link.objects.update(connected=False)
    assert 'class="notice warn" role="status"' not in reader.get("/desk/cases").content.decode()
