"""Each way to sign in at the NGSI-LD door sees and changes what lies in its division, and nothing else."""

import datetime as dt
from collections.abc import Callable

import pytest
from allauth.idp.oidc.models import Client as System
from allauth.idp.oidc.models import Token
from django.conf import LazySettings
from django.test import Client as Browser

from onecity.kernel.core.clock import now
from onecity.kernel.people import oidc
from onecity.kernel.people import service as people
from onecity.kernel.people.models import Account, Role
from onecity.kernel.telemetry import service as telemetry
from onecity.kernel.telemetry.types import EntityType
from onecity.kernel.twin import service
from onecity.kernel.twin.models import Change, Entity
from onecity.kernel.twin.ngsild.http.tests.conftest import Client

KIND = EntityType(name="GuardedThing", title="Thing", attributes=(), max_age=dt.timedelta(hours=2))
HERE, THERE = "adm/1/2/", "adm/1/3/"
Signed = dict[str, str]


def device() -> Signed:
    made, secret = telemetry.create_device("Meter", HERE)
    return {"authorization": f"Bearer {made.id}.{secret}"}


def account() -> Account:
    role = Role.objects.create(name="keeper", title="K", permissions=["entities.view", "entities.edit"])
    made = people.create_account("keeper", display_name="Keeper")
    people.assign_role(made, role, HERE)
    return made


def token(scope: str = "api", hours: int = 1) -> Signed:
    client_id, _secret = oidc.register_client("system", ["https://example.org/"], scopes=["openid", "api"])
    expires = now() + dt.timedelta(hours=hours)
    made = Token(
        type=Token.Type.ACCESS_TOKEN, client=System.objects.get(pk=client_id), user=account(), expires_at=expires
    )
    made.set_scopes([scope])
    made.set_value(f"token for {scope} {hours}")
    made.save()
    return {"authorization": f"Bearer token for {scope} {hours}"}


def session() -> Signed:
    browser = Browser()
    browser.force_login(account())
    proof = "a" * 32
    cookies = f"sessionid={browser.cookies['sessionid'].value}; csrftoken={proof}"
    return {"cookie": cookies, "x_csrftoken": proof}


@pytest.fixture
def guarded(ngsi: Client, settings: LazySettings) -> Client:
    """The door, closed to visitors, with one entity on this side of the wall and one beyond."""
    settings.ONECITY_NGSI_LD_ANONYMOUS = "none"
    for key, path in (("here", HERE), ("there", THERE)):
        service.upsert_entity(type=KIND, key=key, name=key, division_path=path, lon=121.5, lat=30.9, properties={})
    return ngsi


def urn(key: str) -> str:
    return f"urn:ngsi-ld:GuardedThing:{key}"


def state() -> tuple[list[object], int]:
    return list(Entity.objects.order_by("urn").values_list("urn", "attributes", "changed_at")), Change.objects.count()


@pytest.mark.parametrize("sign_in", [device, token, session])
def test_each_sees_and_changes_its_own_and_nothing_beyond(guarded: Client, sign_in: Callable[[], Signed]) -> None:
    signed = sign_in()
    note = {"note": {"type": "Property", "value": 1}}
    found = guarded("GET", "/entities?type=GuardedThing", raw=None, **signed)
    assert (found.status, [one["id"] for one in found.json()]) == (200, [urn("here")])
    assert guarded("GET", f"/entities/{urn('here')}", raw=None, **signed).status == 200
    assert guarded("GET", f"/entities/{urn('there')}", raw=None, **signed).status == 404
    assert guarded("PATCH", f"/entities/{urn('here')}", note, raw=None, **signed).status == 204
    assert Entity.objects.get(urn=urn("here")).attributes["note"][0]["value"] == 1
    before = state()
    assert guarded("PATCH", f"/entities/{urn('there')}", note, raw=None, **signed).status == 404
    assert guarded("DELETE", f"/entities/{urn('there')}", raw=None, **signed).status == 404
    taken = {"id": urn("there"), "type": "GuardedThing"} | note
    assert guarded("POST", "/entities", taken, raw=None, **signed).status == 409
    assert state() == before


def wrong_secret() -> Signed:
    return {"authorization": device()["authorization"] + "x"}


def for_signing_in_alone() -> Signed:
    return token("openid")


def over() -> Signed:
    return token(hours=-1)


def nobody() -> Signed:
    return {}


@pytest.mark.parametrize("sign_in", [wrong_secret, for_signing_in_alone, over, nobody])
def test_who_is_not_signed_in_changes_nothing(guarded: Client, sign_in: Callable[[], Signed]) -> None:
    signed = sign_in()
    before = state()
    body = {"note": {"type": "Property", "value": 1}}
    assert guarded("PATCH", f"/entities/{urn('here')}", body, raw=None, **signed).status == 401
    seen = guarded("GET", f"/entities/{urn('here')}", raw=None, **signed)
    assert seen.status == (401 if signed else 404)
    assert state() == before


@pytest.mark.parametrize("proof", ["", "b" * 32])
def test_a_session_without_its_proof_reads_and_changes_nothing(guarded: Client, proof: str) -> None:
    signed = session() | {"x_csrftoken": proof}
    before = state()
    refused = guarded(
        "PATCH", f"/entities/{urn('here')}", {"note": {"type": "Property", "value": 1}}, raw=None, **signed
    )
    assert refused.status == 403
    assert guarded("GET", f"/entities/{urn('here')}", raw=None, **signed).status == 200
    assert state() == before
