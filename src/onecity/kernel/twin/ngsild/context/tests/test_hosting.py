"""Contexts through the door: hosted, cached from a real server, made for subscriptions, refused (5.13, 6.29, 6.30)."""

import asyncio
import http.server
import threading
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from django.conf import LazySettings

from onecity.kernel.core.outbound import networks
from onecity.kernel.telemetry.catalogue import database_parameters
from onecity.kernel.twin.models import Entity, LdContext
from onecity.kernel.twin.ngsild.context.core import CORE_URL
from onecity.kernel.twin.ngsild.context.fetching import lifetime
from onecity.kernel.twin.ngsild.context.store import PATH, Contexts
from onecity.kernel.twin.ngsild.context.terms import CORE
from onecity.kernel.twin.ngsild.http.tests.conftest import Client, ngsi
from onecity.kernel.twin.ngsild.model.tests.bodies import refused
from onecity.kernel.twin.ngsild.store.database import Database

__all__ = ["ngsi"]

URN = "urn:ngsi-ld:Vehicle:1"
LD = "application/ld+json"


class Elsewhere:
    """Another server on this machine that hosts contexts."""

    def __init__(self) -> None:
        self.documents: dict[str, Any] = {}
        self.asked: list[str] = []
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                outer.asked.append(self.path)
                body = outer.documents.get(self.path)
                self.send_response(404 if body is None else 200)
                self.send_header("Cache-Control", "max-age=3600")
                self.end_headers()
                self.wfile.write(body if isinstance(body, bytes) else msgspec.json.encode(body))

            def log_message(self, *arguments: object) -> None:
                """Be quiet."""

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()
        self.base = f"http://127.0.0.1:{self._server.server_port}"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@pytest.fixture
def elsewhere(settings: LazySettings) -> Iterator[Elsewhere]:
    settings.ONECITY_OUTBOUND_ALLOW = ("127.0.0.0/8",)
    server = Elsewhere()
    yield server
    server.close()


@pytest.fixture
def door(elsewhere: Elsewhere, ngsi: Client) -> Client:
    """The door; contexts are kept as the web's role."""
    shelf = ngsi.app.services.contexts.shelf
    shelf._database = ngsi.app.services.database
    return ngsi


def link(url: str) -> str:
    return f'<{url}>; rel="http://www.w3.org/ns/json-ld#context"; type="application/ld+json"'


def create(door: Client, url: str, urn: str = URN) -> int:
    body = {"id": urn, "type": "Vehicle", "speed": {"type": "Property", "value": 5}}
    return door("POST", "/entities", body, link=link(url)).status


def test_hosted(door: Client) -> None:
    document = {"@context": {"speed": "https://example.org/speed", "Vehicle": "https://example.org/Vehicle"}}
    added = door("POST", "/jsonldContexts", document)
    assert added.status == 201
    location = added.header("location") or ""
    assert location.startswith("/ngsi-ld/v1/jsonldContexts/")
    path = location.removeprefix("/ngsi-ld/v1")
    served = door("GET", path)
    assert (served.status, served.json(), served.header("content-type")) == (200, document, LD)
    url = f"http://city.example{location}"
    assert door("GET", "/jsonldContexts?kind=Hosted", host="city.example").json() == [url]
    told = door("GET", f"{path}?details=true", host="city.example").json()
    assert (told["URL"], told["localId"], told["kind"]) == (url, path.rpartition("/")[2], "Hosted")
    assert create(door, url) == 201
    assert door("GET", f"/entities/{URN}").json()["https://example.org/speed"] == {"type": "Property", "value": 5}
    assert door("GET", f"/entities/{URN}", link=link(url)).json()["speed"] == {"type": "Property", "value": 5}
    assert door("DELETE", f"{path}?reload=true").status == 400
    assert door("DELETE", path).status == 204
    assert door("GET", path).status == door("DELETE", path).status == 404
    assert not LdContext.objects.exists()
    assert create(door, url, f"{URN}2") == 504


def test_what_cannot_be_hosted(door: Client) -> None:
    wrong: Any
    for wrong in (5, {"a": 5}, {"a": {"@id": "x:y", "@context": {}}}, "ftp://x"):
        assert door("POST", "/jsonldContexts", {"@context": wrong}).status == 400
    assert door("POST", "/jsonldContexts", {}).status == 400
    assert door("POST", "/jsonldContexts", []).status == 400
    assert not LdContext.objects.exists()


def test_cached(door: Client, elsewhere: Elsewhere) -> None:
    elsewhere.documents["/c.jsonld"] = {"@context": [{"speed": "https://example.org/1"}, "more.jsonld", CORE_URL]}
    elsewhere.documents["/more.jsonld"] = {"@context": {"Vehicle": "https://example.org/V"}}
    url = f"{elsewhere.base}/c.jsonld"
    assert create(door, url) == 201
    assert door("GET", f"/entities/{URN}", link=link(url)).status == 200
    assert elsewhere.asked == ["/c.jsonld", "/more.jsonld"]
    found = door("GET", f"/entities/{URN}").json()
    assert (found["type"], found["https://example.org/1"]["value"]) == ("https://example.org/V", 5)
    assert door("GET", "/jsonldContexts").json() == [url, f"{elsewhere.base}/more.jsonld"]
    told = next(one for one in door("GET", "/jsonldContexts?details=true").json() if one["URL"] == url)
    assert (told["kind"], told["numberOfHits"]) == ("Cached", 2)
    assert told["expiresAt"] > told["createdAt"]
    path = f"/jsonldContexts/{told['localId']}"
    assert door("GET", path).status == 422
    elsewhere.documents["/c.jsonld"] = {"@context": {"speed": "https://example.org/2"}}
    assert door("DELETE", f"{path}?reload=true").status == 204
    assert "https://example.org/1" in door("GET", f"/entities/{URN}", link=link(url)).json()
    elsewhere.documents["/c.jsonld"] = {"@context": {"speed": 5}}
    assert door("DELETE", f"{path}?reload=true").status == 504
    del elsewhere.documents["/c.jsonld"]
    assert door("DELETE", f"{path}?reload=true").status == 504
    assert create(door, url, f"{URN}2") == 201
    assert door("GET", f"/entities/{URN}2").json()["https://example.org/2"]["value"] == 5
    assert door("DELETE", path).status == 204
    assert create(door, url, f"{URN}3") == 504


def test_a_copy_too_old_serves_while_its_server_is_away(door: Client, elsewhere: Elsewhere) -> None:
    elsewhere.documents["/c.jsonld"] = {"@context": {"speed": "https://example.org/1"}}
    url = f"{elsewhere.base}/c.jsonld"
    assert create(door, url) == 201
    LdContext.objects.update(expires_at="2020-01-01T00:00:00Z")
    door.app.services.contexts.forget()
    del elsewhere.documents["/c.jsonld"]
    assert create(door, url, f"{URN}2") == 201
    assert len(elsewhere.asked) == 2


HOSTILE_ADDRESSES = [
    ("http://169.254.169.254/latest/meta-data", 504),
    ("http://10.0.0.1/c.jsonld", 504),
    ("http://[::ffff:10.0.0.1]/", 504),
    ("http://user:secret@127.0.0.1/", 504),
    ("http://127.0.0.1:1/none", 504),
    ("file:///etc/passwd", 400),
    ("c.jsonld", 400),
]
HOSTILE_DOCUMENTS: list[tuple[Any, int]] = [
    (b"no json", 504),
    ([], 504),
    ({"terms": {}}, 504),
    ({"@context": 5}, 400),
    ({"@context": {"a": 5}}, 400),
    ({"@context": "/6.jsonld"}, 400),
    ({"@context": "/6.jsonld"}, 400),
    (b"x" * 2_100_000, 504),
]


def test_hostile_addresses(door: Client) -> None:
    for url, status in HOSTILE_ADDRESSES:
        assert create(door, url) == status, url
    assert door("GET", f"/entities/{URN}").status == 404
    assert not LdContext.objects.exists()


def test_hostile_documents(door: Client, elsewhere: Elsewhere) -> None:
    elsewhere.documents |= {f"/{index}.jsonld": document for index, (document, _status) in enumerate(HOSTILE_DOCUMENTS)}
    for index, (_document, status) in enumerate(HOSTILE_DOCUMENTS):
        assert create(door, f"{elsewhere.base}/{index}.jsonld") == status, index
    assert door("GET", f"/entities/{URN}").status == 404


def test_in_the_body(door: Client) -> None:
    body: dict[str, Any] = {
        "id": URN,
        "type": "Vehicle",
        "speed": 5,
        "@context": [{"speed": "https://example.org/s"}, CORE_URL],
    }
    assert door("POST", "/entities", body, content_type=LD).status == 201
    assert door("GET", f"/entities/{URN}").json()["https://example.org/s"]["value"] == 5
    wrong: Any
    for wrong in (5, {"a": 5}, [[[[[[[[[[{}]]]]]]]]]], {"a": {"@id": "x:y", "@context": {}}}):
        refusal = door("POST", "/entities", body | {"@context": wrong, "id": f"{URN}2"}, content_type=LD)
        assert refusal.status == 400
        assert refusal.json()["type"] == "https://uri.etsi.org/ngsi-ld/errors/BadRequestData"
    assert not LdContext.objects.exists()


def test_what_one_process_removes_no_other_goes_on_using(transactional_db: None) -> None:
    async def scenario() -> None:
        database = Database(database_parameters() | {"options": "-c role=onecity_app"})
        here, there = Contexts(database), Contexts(database)
        identifier = await here.shelf.add({"@context": {"speed": "https://example.org/s"}})
        url = f"http://no-such-name.invalid{PATH}{identifier}"
        assert (await there.resolve(url, None)).expand("speed") == "https://example.org/s"
        await here.shelf.remove(identifier)
        there._memory.checked = float("-inf")  # a second later
        with refused("LdContextNotAvailable"):
            await there.resolve(url, None)
        await database.close()

    asyncio.run(scenario())


def test_made_for_others(transactional_db: None) -> None:
    async def scenario() -> None:
        database = Database(database_parameters() | {"options": "-c role=onecity_app"})
        contexts = Contexts(database, networks(["127.0.0.0/8"]))
        inline = await contexts.resolve(None, [{"speed": "https://example.org/s"}, CORE_URL])
        first = await contexts.address(inline, "https://city.example")
        assert first == await contexts.address(inline, "https://city.example")
        assert first.startswith("https://city.example/ngsi-ld/v1/jsonldContexts/")
        assert (await contexts.resolve(first, None)).expand("speed") == "https://example.org/s"
        assert await contexts.address(CORE, "https://city.example") == CORE_URL
        older = await contexts.resolve("https://uri.etsi.org/ngsi-ld/v1/ngsi-ld-core-context-v1.3.jsonld", None)
        assert older.link.endswith("v1.3.jsonld")
        assert older.expand("location") == CORE.expand("location")
        with refused("ResourceNotFound"):
            await contexts.shelf.one("urn:x:y")
        await database.close()

    asyncio.run(scenario())
    assert [kept.kind for kept in LdContext.objects.all()] == ["ImplicitlyCreated"]


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, 86_400),
        ({"cache-control": "public, max-age=7200"}, 7_200),
        ({"cache-control": "max-age=1"}, 60),
        ({"cache-control": "no-store"}, 60),
        ({"cache-control": "max-age=99999999999999999999"}, 2_592_000),
        ({"expires": "Thu, 01 Jan 1970 01:00:00 GMT"}, 3_600),
        ({"expires": "soon"}, 60),
    ],
)
def test_how_long_a_copy_is_kept(headers: dict[str, str], seconds: float) -> None:
    assert lifetime(headers, 0.0) == seconds


def test_a_hosted_context_is_its_tenants_own(door: Client) -> None:
    document = {"@context": {"speed": "https://example.org/private", "Vehicle": "https://example.org/Vehicle"}}
    added = door("POST", "/jsonldContexts", document, ngsild_tenant="a")
    assert added.status == 201
    location = added.header("location") or ""
    path = location.removeprefix("/ngsi-ld/v1")
    for other in ("", "b"):
        assert door("GET", path, ngsild_tenant=other).status == 404
        assert door("GET", f"{path}?details=true", ngsild_tenant=other).status == 404
        assert door("GET", "/jsonldContexts", ngsild_tenant=other).json() == []
        assert door("DELETE", path, ngsild_tenant=other).status == 404
        body = {"id": URN, "type": "Vehicle", "speed": {"type": "Property", "value": 5}}
        url = f"http://city.example{location}"
        assert door("POST", "/entities", body, link=link(url), ngsild_tenant=other).status == 504
    assert not Entity.objects.exists()
    assert door("POST", "/entities", body, link=link(url), ngsild_tenant="a").status == 201
    assert "https://example.org/private" in door("GET", f"/entities/{URN}", ngsild_tenant="a").json()
    assert door("GET", path, ngsild_tenant="a").json() == document
    assert len(door("GET", "/jsonldContexts", ngsild_tenant="a").json()) == 1
    assert door("DELETE", path, ngsild_tenant="a").status == 204


def test_what_was_made_for_a_subscription_is_read_under_its_address(door: Client) -> None:
    """Whoever is notified follows the link without knowing the tenant; nobody else lists or deletes it."""
    subscription = {
        "type": "Subscription",
        "entities": [{"type": "Vehicle"}],
        "notification": {"endpoint": {"uri": "http://127.0.0.1:9/x"}},
        "@context": [{"speed": "https://example.org/speed"}],
    }
    media = "application/ld+json"
    made = door("POST", "/subscriptions", subscription, content_type=media, ngsild_tenant="a")
    assert made.status == 201
    urls = door("GET", "/jsonldContexts?kind=ImplicitlyCreated", ngsild_tenant="a").json()
    path = urls[0].removeprefix("http://localhost/ngsi-ld/v1")
    assert door("GET", path).json() == {"@context": {"speed": "https://example.org/speed"}}
    assert door("GET", "/jsonldContexts").json() == []
    assert door("GET", f"{path}?details=true").status == door("DELETE", path).status == 404
    assert door("GET", path, ngsild_tenant="a").status == 200
