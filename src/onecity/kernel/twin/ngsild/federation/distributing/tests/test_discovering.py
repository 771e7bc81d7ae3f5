"""Types and attributes that several sources know of."""

from collections.abc import Callable

from onecity.kernel.twin.ngsild.federation.distributing.tests.conftest import Register
from onecity.kernel.twin.ngsild.federation.distributing.tests.loopback import Said, Server, Source
from onecity.kernel.twin.ngsild.federation.distributing.tests.test_reading import A, B, about, station
from onecity.kernel.twin.ngsild.http.tests.conftest import Client


def test_what_others_know_is_known_here(ngsi: Client, register: Register, other: Server) -> None:
    assert ngsi("POST", "/entities", station(A, v=1)).status == 201
    assert ngsi("POST", "/entities", station(B, v=1, w=2), NGSILD_Tenant="town").status == 201
    assert ngsi("POST", "/entities", {"id": "urn:x:1", "type": "Bench"}, NGSILD_Tenant="town").status == 201
    register(other.url, "inclusive", about("Station", "Bench"), tenant="town")
    assert ngsi("GET", "/types").json()["typeList"] == ["Bench", "Station"]
    assert ngsi("GET", "/types?local=true").json()["typeList"] == ["Station"]
    found = {one["typeName"]: one["attributeNames"] for one in ngsi("GET", "/types?details=true").json()}
    assert found == {"Bench": [], "Station": ["v", "w"]}
    one = ngsi("GET", "/types/Station").json()
    assert one["entityCount"] == 2
    assert [(a["attributeName"], a["attributeTypes"]) for a in one["attributeDetails"]] == [
        ("v", ["Property"]),
        ("w", ["Property"]),
    ]
    assert ngsi("GET", "/types/Bench").json()["entityCount"] == 1
    assert ngsi("GET", "/types/Tree").status == 404
    assert ngsi("GET", "/attributes").json()["attributeList"] == ["v", "w"]
    assert ngsi("GET", "/attributes/w").json()["typeNames"] == ["Station"]
    assert ngsi("GET", "/attributes/v").json()["attributeCount"] == 2


def test_what_cannot_be_understood_is_left_out(ngsi: Client, register: Register, source: Callable[..., Source]) -> None:
    one = source(Said(200, {"typeList": 7}))
    register(one.url, "inclusive", about())
    assert ngsi("POST", "/entities", station(A, v=1)).status == 201
    for target in ("/types", "/types?details=true", "/attributes", "/attributes/v", "/types/Station"):
        got = ngsi("GET", target)
        assert (got.status, got.header("NGSILD-Warning")) == (
            200,
            f'111 {one.url[7:]} "The answer is no NGSI-LD and was left out"',
        )
