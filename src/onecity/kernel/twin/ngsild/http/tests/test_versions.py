"""Answers in older versions of the standard (4.3.6.8, 6.3.6)."""

from onecity.kernel.twin.ngsild.http.tests.conftest import Client

URN = "urn:ngsi-ld:Person:1"


def test_an_older_version_on_request(ngsi: Client) -> None:
    body = {
        "id": URN,
        "type": "Person",
        "gender": {"type": "VocabProperty", "vocab": "Male"},
        "age": {"type": "Property", "value": 5},
    }
    assert ngsi("POST", "/entities", body).status == 201
    older = ngsi("GET", f"/entities/{URN}", prefer="ngsi-ld=1.5")
    assert (older.status, older.header("preference-applied")) == (203, "ngsi-ld=1.5")
    assert older.json()["gender"] == {"type": "Property", "value": "Male"}
    several = ngsi("GET", "/entities?type=Person", prefer="ngsi-ld=1.5")
    assert (several.status, several.json()) == (203, [older.json()])
    same = ngsi("GET", f"/entities/{URN}?attrs=age", prefer="ngsi-ld=1.5")
    assert (same.status, same.header("preference-applied")) == (200, "ngsi-ld=1.5")
    newest = ngsi("GET", f"/entities/{URN}", prefer="ngsi-ld=2.0")
    assert (newest.status, newest.header("preference-applied"), newest.json()) == (200, "ngsi-ld=1.9", body)
    assert ngsi("GET", f"/entities/{URN}").header("preference-applied") is None
