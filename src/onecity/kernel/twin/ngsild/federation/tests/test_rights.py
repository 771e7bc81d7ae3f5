"""Who registers sources and sees them, who makes snapshots and what stands in them: accounts with rights over divisions."""

from collections.abc import Callable
from typing import Any

import pytest
from django.conf import LazySettings
from django.test import Client as Browser

from onecity.kernel.people import service
from onecity.kernel.people.models import Role
from onecity.kernel.places.models import Division
from onecity.kernel.twin.models import Entity, Snapshot, SourceRegistration
from onecity.kernel.twin.ngsild.federation.tests.test_registrations import DOOR, URN, wanted
from onecity.kernel.twin.ngsild.http.tests.conftest import Answer, Client
from onecity.kernel.twin.ngsild.subscriptions.tests.receiving import until

DISTRICT, TOWN = "adm/910000/", "adm/910000/910001/"
TOKEN = "a" * 32
SHOT = "urn:ngsi-ld:Snapshot:1"
Asks = Callable[..., Answer]


@pytest.fixture
def people(ngsi: Client, settings: LazySettings) -> dict[str, Asks]:
    """Accounts by what they may: each a function that asks as they do."""
    settings.ONECITY_NGSI_LD_ANONYMOUS = "none"
    Division.objects.create(tree="adm", code="910000", name="District", level="district", path=DISTRICT)
    rights = {"view": ["entities.view"], "edit": ["entities.view", "entities.edit"]}
    found = {}
    for right, permissions in rights.items():
        role = Role.objects.create(name=right, title=right, permissions=permissions)
        for place, path in (("district", DISTRICT), ("town", TOWN)):
            account = service.create_account(f"{place}.{right}", display_name=place, password="correct horse battery")
            service.assign_role(account, role, path)
            browser = Browser()
            browser.force_login(account)
            cookie = f"sessionid={browser.cookies['sessionid'].value}; csrftoken={TOKEN}"
            found[f"{place}.{right}"] = _as(ngsi, cookie)
    return found


def _as(ngsi: Client, cookie: str) -> Asks:
    def ask(method: str, path: str, json: Any = None, **headers: Any) -> Answer:
        return ngsi(method, path, json, cookie=cookie, x_csrftoken=TOKEN, **headers)

    return ask


def test_only_who_changes_the_whole_district_registers(people: dict[str, Asks]) -> None:
    for name in ("district.view", "town.view", "town.edit"):
        assert people[name]("POST", DOOR, wanted()).status == 403
    assert not SourceRegistration.objects.exists()
    info = [{"key": "Authorization", "value": "Bearer x"}]
    assert people["district.edit"]("POST", DOOR, wanted(contextSourceInfo=info)).status == 201
    assert SourceRegistration.objects.get().division_path == DISTRICT
    for name in ("district.view", "town.view", "town.edit"):
        assert people[name]("PATCH", f"{DOOR}/{URN}", {"description": "x"}).status == 403
        assert people[name]("DELETE", f"{DOOR}/{URN}").status == 403
    assert "description" not in SourceRegistration.objects.get().document
    assert people["district.edit"]("GET", f"{DOOR}/{URN}").json()["contextSourceInfo"] == info
    seen = people["district.view"]("GET", f"{DOOR}/{URN}")
    assert (seen.status, "contextSourceInfo" in seen.json()) == (200, False)
    assert [one["id"] for one in people["district.view"]("GET", f"{DOOR}?type=Vehicle").json()] == [URN]
    for name in ("town.view", "town.edit"):
        assert people[name]("GET", f"{DOOR}/{URN}").status == 404
        assert people[name]("GET", f"{DOOR}?type=Vehicle&count=true").header("ngsild-results-count") == "0"
    assert people["district.edit"]("DELETE", f"{DOOR}/{URN}").status == 204


def test_a_snapshot_holds_what_its_maker_sees(people: dict[str, Asks]) -> None:
    for urn, path in (("urn:c:town", TOWN), ("urn:c:district", DISTRICT)):
        assert people["district.edit"]("POST", "/entities", {"id": urn, "type": "Car", "speed": 1}).status == 201
        Entity.objects.filter(urn=urn).update(division_path=path)
    given = {"id": SHOT, "type": "Snapshot", "snapshotQueries": [{"type": "Query", "entities": [{"type": "Car"}]}]}
    maker = people["town.view"]
    assert maker("POST", "/snapshots", given).status == 201
    until(lambda: maker("GET", f"/snapshots/{SHOT}").json()["snapshotStatus"] == "success")
    shown = maker("GET", "/entities?type=Car", ngsild_snapshot=SHOT).json()
    assert [one["id"] for one in shown] == ["urn:c:town"]
    # he may look at it, not change what is in it
    refused = maker("PATCH", "/entities/urn:c:town", {"speed": 2}, ngsild_snapshot=SHOT)
    assert refused.status == 403
    # it is for its owner, and for who may change entities where it belongs
    for name in ("town.edit", "district.view"):
        assert people[name]("GET", f"/snapshots/{SHOT}").status == 404
        assert people[name]("GET", "/entities?type=Car", ngsild_snapshot=SHOT).status == 404
        assert people[name]("DELETE", f"/snapshots/{SHOT}").status == 404
    assert Snapshot.objects.count() == 1
    assert people["district.edit"]("PATCH", "/entities/urn:c:town", {"speed": 2}, ngsild_snapshot=SHOT).status == 204
    assert maker("GET", "/entities/urn:c:town", ngsild_snapshot=SHOT).json()["speed"]["value"] == 2
    assert maker("GET", "/entities/urn:c:town").json()["speed"]["value"] == 1
    assert people["district.edit"]("DELETE", f"/snapshots/{SHOT}").status == 204
