"""Writing SensorThings as the application's role, which row-level security binds: own divisions only, the database agrees."""

from collections.abc import Iterator

import pytest
from django.conf import LazySettings
from django.db import connection, transaction
from django.db.utils import ProgrammingError
from django.test import Client

from onecity.kernel.people import service as people
from onecity.kernel.people.models import Account, Role
from onecity.kernel.telemetry import service as telemetry
from onecity.kernel.telemetry.models import Series
from onecity.kernel.telemetry.tests.conftest import Broker, broker, running_broker
from onecity.kernel.telemetry.tests.field import logged
from onecity.kernel.twin.models import Entity
from onecity.kernel.twin.sensorthings import door, shelf
from onecity.kernel.twin.sensorthings.asker import Asker
from onecity.kernel.twin.tests.test_sensorthings_batch import prepare
from onecity.kernel.twin.tests.test_sensorthings_writing import HERE, WHOLE, caller, make, read

pytestmark = pytest.mark.django_db(transaction=True)
FIXTURES = (broker, running_broker)


@pytest.fixture
def bound(settings: LazySettings) -> Iterator[str]:
    """A device's credential; what follows runs as the application's role."""
    settings.ONECITY_NGSI_LD_ANONYMOUS = "none"
    made, secret = telemetry.create_device("Gateway", HERE)
    role = Role.objects.create(
        name="keeper", title="K", permissions=["entities.view", "entities.edit", "telemetry.view"]
    )
    people.assign_role(people.create_account("keeper", display_name="Keeper"), role, "adm/1/3/")
    with connection.cursor() as cursor:
        cursor.execute("SET ROLE onecity_app")
        yield f"{made.id}.{secret}"
        cursor.execute("RESET ROLE")


def test_a_device_writes_behind_the_wall(bound: str) -> None:
    call = caller(bound)
    place = make(call, "/Things", WHOLE)
    assert len(read(call, f"{place}?$expand=Locations,Datastreams")["Datastreams"]) == 1
    assert call("PATCH", place, {"name": "New"})[0] == 200
    assert caller("")("GET", place)[0] == 404
    assert call("DELETE", place)[0] == 200
    assert read(call, "/Things")["value"] == []


def test_the_database_itself_refuses_another_division(bound: str) -> None:
    made = Asker(None, HERE, writes=True)
    with pytest.raises(ProgrammingError, match="row-level security"), made.acting():
        shelf.add(Asker(None, "", writes=True), "Things", {"name": "x", "description": ""}, "adm/1/9/")
    with transaction.atomic():
        assert not Entity.objects.exists()


def test_an_account_writes_by_session_with_its_proof(bound: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("RESET ROLE")
        browser = Client(enforce_csrf_checks=True, headers={"accept-language": "en"})
        browser.force_login(Account.objects.get(username="keeper"))
        cursor.execute("SET ROLE onecity_app")
    path = "/sta/v1.1/Things"
    assert browser.post(path, WHOLE, content_type="application/json").status_code == 403
    proof = "a" * 32
    browser.cookies["csrftoken"] = proof
    headers = {"x-csrftoken": proof}
    answer = browser.post(path, WHOLE, content_type="application/json", headers=headers)
    assert answer.status_code == 201, answer.content
    with connection.cursor() as cursor:
        cursor.execute("RESET ROLE")
        assert {e.division_path for e in Entity.objects.all()} == {"adm/1/3/"}
        assert Series.objects.get().device_id is None
        cursor.execute("SET ROLE onecity_app")
    place = answer["Location"].partition("/sta/v1.1")[2]
    assert caller(bound)("DELETE", place)[0] == 404
    deleted = browser.delete(f"/sta/v1.1{place}", headers=headers)
    assert deleted.status_code == 200, deleted.content


def test_observations_without_a_device_need_the_right_over_their_thing(
    settings: LazySettings, broker: Broker, bound: str
) -> None:
    with connection.cursor() as cursor:
        cursor.execute("RESET ROLE")
    prepare(broker)
    settings.ONECITY_NGSI_LD_ANONYMOUS = "write"
    visitor = caller("")
    place = make(visitor, "/Things", WHOLE)
    number = read(visitor, f"{place}/Datastreams")["value"][0]["@iot.id"]
    posted = {"result": 3, "phenomenonTime": "2026-03-01T00:02:00Z"}
    assert visitor("POST", f"/Datastreams({number})/Observations", posted)[0] == 201
    array = [{"Datastream": {"@iot.id": number}, "components": ["result"], "dataArray": [[4]]}]
    assert visitor("POST", "/CreateObservations", array)[0] == 201
    settings.ONECITY_NGSI_LD_ANONYMOUS = "none"
    assert visitor("POST", f"/Datastreams({number})/Observations", posted)[0] == 401
    assert caller(bound)("POST", f"/Datastreams({number})/Observations", posted)[0] == 422
    assert [(series, value) for series, _at, value in logged(broker)[0]] == [(number, 3.0), (number, 4.0)]
    headers = [(b"authorization", f"Bearer {bound}".encode())]
    scope = {"method": "POST", "path": "/sta/v1.1/Observations"}
    assert [door.takes(scope | {"headers": given}) for given in (headers, [])] == [True, False]
