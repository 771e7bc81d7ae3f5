"""What goes over the wire to a source: the client's own words, nothing that is not needed, and by POST where asked so."""

from collections.abc import Callable
from functools import partial

import msgspec

from onecity.kernel.twin.ngsild.federation.distributing.tests.conftest import Register
from onecity.kernel.twin.ngsild.federation.distributing.tests.loopback import Heard, Said, Source
from onecity.kernel.twin.ngsild.federation.distributing.tests.test_reading import A, about, station
from onecity.kernel.twin.ngsild.http.tests.conftest import Client

OLD, NEW = "2026-01-01T00:00:00Z", "2099-01-01T00:00:00Z"


def test_a_question_keeps_the_order_of_the_client(
    ngsi: Client, register: Register, source: Callable[..., Source]
) -> None:
    one = source(Said(200, [station(A, v=1)]))
    register(one.url, "inclusive", about())
    for asked, sent in (
        ("type=Station", "type=Station"),
        ("attrs=v&type=Station", "attrs=v&type=Station"),
        (f"id={A}&type=Station", f"id={A}&type=Station"),
        ("type=Station&q=v%3E0", "type=Station&q=v%3E0"),
        ("type=Station&limit=5", "type=Station&limit=6&offset=0"),
        ("type=Station&options=sysAttrs", "type=Station&options=sysAttrs"),
    ):
        one.heard.clear()
        assert [entity["id"] for entity in ngsi("GET", f"/entities?{asked}").json()] == [A]
        assert [heard.query for heard in one.heard] == [sent]


def test_what_narrows_a_question_stands_after_it(
    ngsi: Client, register: Register, source: Callable[..., Source]
) -> None:
    one = source(Said(200, [station(A, mine=1)]))
    information = {"entities": [{"type": "Station", "id": A}], "propertyNames": ["mine"]}
    register(one.url, "exclusive", information)
    assert ngsi("GET", "/entities?type=Station").json()[0]["mine"]["value"] == 1
    assert one.heard[0].query == f"type=Station&id={A}&attrs=mine"
    one.say = lambda _heard: Said(200, station(A, mine=2))
    assert ngsi("GET", f"/entities/{A}").json()["mine"]["value"] == 2
    assert (one.heard[-1].path.rpartition("/")[2], one.heard[-1].query) == (A, "attrs=mine")


def test_a_question_by_post_is_passed_on_by_post(
    ngsi: Client, register: Register, source: Callable[..., Source]
) -> None:
    one = source(Said(200, [station(A, v=1)]))
    register(one.url, "redirect", about(), operations=["queryBatch"])
    geo = {"georel": "near;maxDistance==5", "geometry": "Point", "coordinates": [1, 2], "geoproperty": "location"}
    body = {"type": "Query", "entities": [{"type": "Station", "id": A}], "attrs": ["v"], "q": "v>0", "geoQ": geo}
    found = ngsi("POST", "/entityOperations/query", body)
    assert [entity["id"] for entity in found.json()] == [A]
    heard = one.heard[0]
    assert (heard.method, heard.path, heard.query) == ("POST", "/ngsi-ld/v1/entityOperations/query", "")
    assert msgspec.json.decode(heard.body) == body
    assert ngsi("GET", "/entities?type=Station").json() == []


def modified(moment: str, heard: Heard) -> Said:
    """Tells when the value was modified if that is asked."""
    times = {"modifiedAt": moment} if "sysAttrs" in heard.query else {}
    return Said(200, [{"id": A, "type": "Station", "v": {"type": "Property", "value": 2, **times}}])


def test_times_are_asked_for_where_two_say_different_things(
    ngsi: Client, register: Register, source: Callable[..., Source]
) -> None:
    """4.5.5.3: what was modified last holds; without a contest nobody is asked twice."""
    ngsi("POST", "/entities", station(A, v=1))

    one = source(Said(404))
    register(one.url, "inclusive", about())
    for moment, value in ((NEW, 2), (OLD, 1)):
        one.heard.clear()
        one.say = partial(modified, moment)
        found = ngsi("GET", "/entities?type=Station").json()
        assert [entity["v"]["value"] for entity in found] == [value]
        assert [("sysAttrs" in heard.query) for heard in one.heard] == [False, True]


def test_a_batch_is_created_where_a_source_says_no_more_than_that(
    ngsi: Client, register: Register, source: Callable[..., Source]
) -> None:
    one = source(Said(201))
    register(one.url, "redirect", about(), operations=["createBatch", "upsertBatch"])
    for operation in ("create", "upsert"):
        made = ngsi("POST", f"/entityOperations/{operation}", [station(A, v=1)])
        assert (made.status, made.json()) == (201, [A])
