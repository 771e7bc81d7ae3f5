"""Ten thousand registrations: found by what they speak of without going through all of them."""

from onecity.kernel.twin.models import SourceRegistration
from onecity.kernel.twin.ngsild.context.terms import CORE
from onecity.kernel.twin.ngsild.federation import reading
from onecity.kernel.twin.ngsild.federation.tests.test_registrations import DOOR, exclusive, ids, wanted
from onecity.kernel.twin.ngsild.http.tests.conftest import Client

MANY = 10_000


def test_many_registrations(ngsi: Client) -> None:
    rows = []
    for number in range(MANY):
        urn = f"urn:r:{number}"
        body = exclusive(urn, "speed", entity=f"urn:v:{number}")
        if number % 2:
            body = wanted(urn, information=[{"entities": [{"type": f"Type{number % 500}"}]}])
        rows.append(SourceRegistration(urn=urn, document=reading.read(body, CORE)))
    SourceRegistration.objects.bulk_create(rows)
    assert ids(ngsi, "type=Vehicle&id=urn:v:4242") == ["urn:r:4242"]
    assert len(ids(ngsi, "type=Type77&limit=1000")) == MANY // 500
    for number in range(0, 200, 2):
        assert ids(ngsi, f"type=Vehicle&id=urn:v:{number}") == [f"urn:r:{number}"]
    assert ngsi("POST", DOOR, exclusive("urn:r:new", "speed", entity="urn:v:4242")).status == 409
    assert ngsi("POST", DOOR, exclusive("urn:r:new", "speed", entity="urn:v:new")).status == 201
