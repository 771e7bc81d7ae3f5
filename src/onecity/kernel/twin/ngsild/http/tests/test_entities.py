"""Entities one at a time through the door."""

from typing import Any

from onecity.kernel.twin.models import Change
from onecity.kernel.twin.ngsild.http.tests.conftest import CORE, Client

URN = "urn:ngsi-ld:Vehicle:A1"


def vehicle(urn: str = URN, **more: Any) -> dict[str, Any]:
    return {"id": urn, "type": "Vehicle", "speed": {"type": "Property", "value": 30}, **more}


def test_create_and_retrieve(ngsi: Client) -> None:
    made = ngsi("POST", "/entities", vehicle(brand="BYD"))
    assert (made.status, made.header("location")) == (201, f"/ngsi-ld/v1/entities/{URN}")
    got = ngsi("GET", f"/entities/{URN}")
    assert got.status == 200
    assert got.json() == vehicle() | {"brand": {"type": "Property", "value": "BYD"}}
    assert got.header("link") == (f'<{CORE}>; rel="http://www.w3.org/ns/json-ld#context"; type="application/ld+json"')
    again = ngsi("POST", "/entities", vehicle())
    assert (again.status, again.json()["type"]) == (409, "https://uri.etsi.org/ngsi-ld/errors/AlreadyExists")


def test_representations(ngsi: Client) -> None:
    ngsi(
        "POST",
        "/entities",
        vehicle(location={"type": "GeoProperty", "value": {"type": "Point", "coordinates": [1, 2]}}),
    )
    simple = ngsi("GET", f"/entities/{URN}?format=simplified")
    assert simple.json() == {
        "id": URN, "type": "Vehicle", "speed": 30, "location": {"type": "Point", "coordinates": [1, 2]},
    }  # fmt: skip
    linked = ngsi("GET", f"/entities/{URN}?options=keyValues&pick=speed", accept="application/ld+json")
    assert linked.json() == {"speed": 30, "@context": CORE}
    geo = ngsi("GET", f"/entities/{URN}?format=simplified", accept="application/geo+json")
    assert geo.header("content-type") == "application/geo+json"
    assert geo.json()["geometry"] == {"type": "Point", "coordinates": [1, 2]}
    assert ngsi("GET", f"/entities/{URN}?attrs=nothing").status == 404
    times = ngsi("GET", f"/entities/{URN}?options=sysAttrs").json()
    assert times["createdAt"] <= times["modifiedAt"]
    assert ngsi("HEAD", f"/entities/{URN}").body == b""


def test_patch_put_and_delete(ngsi: Client) -> None:
    ngsi("POST", "/entities", vehicle())
    assert ngsi("PATCH", f"/entities/{URN}", {"speed": {"value": 31}}).status == 204
    assert ngsi("PATCH", f"/entities/{URN}/attrs/speed", {"value": 32}).status == 204
    assert ngsi("POST", f"/entities/{URN}/attrs", {"fuel": {"type": "Property", "value": 3}}).status == 204
    assert ngsi("PATCH", f"/entities/{URN}/attrs", {"fuel": {"type": "Property", "value": 4}}).status == 204
    assert ngsi("PUT", f"/entities/{URN}/attrs/fuel", {"type": "Property", "value": 5}).status == 204
    assert ngsi("GET", f"/entities/{URN}?format=simplified").json() == {
        "id": URN, "type": "Vehicle", "speed": 32, "fuel": 5,
    }  # fmt: skip
    refused = ngsi("POST", f"/entities/{URN}/attrs?options=noOverwrite", {"fuel": 9, "colour": "red"})
    assert refused.status == 207
    assert refused.json()["updated"] == ["https://uri.etsi.org/ngsi-ld/default-context/colour"]
    assert ngsi("DELETE", f"/entities/{URN}/attrs/fuel").status == 204
    assert ngsi("DELETE", f"/entities/{URN}/attrs/fuel").status == 404
    assert ngsi("PUT", f"/entities/{URN}", {"id": URN, "type": "Vehicle", "wheels": 4}).status == 204
    assert ngsi("GET", f"/entities/{URN}?format=simplified").json() == {"id": URN, "type": "Vehicle", "wheels": 4}
    gone = ngsi("DELETE", f"/entities/{URN}")
    assert (gone.status, gone.header("content-length")) == (204, None)
    assert ngsi("DELETE", f"/entities/{URN}").status == 404
    assert ngsi("PATCH", f"/entities/{URN}", {"speed": 1}).status == 404
    assert list(Change.objects.order_by("id").values_list("operation", flat=True)) == [1, 2, 2, 2, 2, 2, 2, 4, 2, 3]


def test_preconditions(ngsi: Client) -> None:
    assert ngsi("POST", "/entities", vehicle(), content_type="text/plain").status == 415
    assert ngsi("POST", "/entities", vehicle(), content_length="").status == 411
    assert ngsi("POST", "/entities", vehicle(), content_length="99999999999").status == 413
    missing = ngsi("PATCH", "/entities", {})
    assert (missing.status, missing.header("allow")) == (405, "DELETE, GET, HEAD, OPTIONS, POST")
    refused = ngsi("GET", "/entities?type=A", accept="text/html")
    assert (refused.status, refused.json()["availableRepresentations"][0]) == (406, "application/json")
    assert ngsi("OPTIONS", "/entities").header("allow") == "DELETE, GET, HEAD, OPTIONS, POST"
    assert ngsi("GET", "/nothing").status == 404
    assert ngsi("POST", "/entities", raw=b'{"id": ').json()["type"].endswith("InvalidRequest")
    assert ngsi("POST", "/entities", vehicle() | {"@context": "http://a"}).status == 400
    assert ngsi("POST", "/entities", vehicle(), content_type="application/ld+json").status == 400
    assert ngsi("POST", "/entities", vehicle(x="a\x00b")).status == 400
    assert ngsi("POST", "/entities", raw=b"[" * 100 + b"]" * 100).status == 400
    assert ngsi("GET", "/entities").status == 400
    assert ngsi("GET", f"/entities/{URN}").status == 404


def test_tenants(ngsi: Client) -> None:
    missing = ngsi("GET", f"/entities/{URN}", ngsild_tenant="town1")
    assert (missing.status, missing.json()["type"]) == (404, "https://uri.etsi.org/ngsi-ld/errors/NonexistentTenant")
    assert missing.header("ngsild-tenant") == "town1"
    assert ngsi("POST", "/entities", vehicle(), ngsild_tenant="town1").status == 201
    assert ngsi("GET", f"/entities/{URN}", ngsild_tenant="town1").status == 200
    assert ngsi("GET", f"/entities/{URN}").status == 404
