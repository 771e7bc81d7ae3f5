"""Somebody else's program reads our Open311: the client `georeport` from PyPI, in JSON and XML, against the running platform."""

import re
import secrets
import time
from typing import Any

import georeport
import httpx
import pytest

from onecity.project.stack.platform import Platform

pytestmark = pytest.mark.stack
LITTER = "exposed_litter"


@pytest.fixture(scope="module")
def address(platform: Platform) -> str:
    base, deadline = platform.env.base_url, time.monotonic() + 60
    while True:
        try:
            if httpx.get(f"{base}/health", timeout=5).is_success:
                return base
        except httpx.TransportError:
            assert time.monotonic() < deadline, "the web process does not answer"


@pytest.fixture(scope="module")
def reported(address: str) -> tuple[str, str]:
    """A resident's report through the page, without account or script: its number and its words."""
    words = f"路口有一堆垃圾 {secrets.token_hex(3)}"
    with httpx.Client(base_url=address, follow_redirects=True, headers={"Referer": address}, timeout=30) as web:
        page = web.get("/report").text
        hidden = dict(re.findall(r'name="(csrfmiddlewaretoken|key)" value="([^"]+)"', page))
        path = re.search(r'<option value="(adm/[^"]+)"', page)
        assert path is not None
        told = {**hidden, "text": words, "kind": LITTER, "division": path.group(1)}
        answer = web.post("/report", data={**told, "answers_of": LITTER, "answer.amount": "heap"})
        found = re.search(r"/report/(\d{4}-\d{6})", str(answer.url))
        assert found is not None, answer.text
        return found.group(1), words


def client(address: str, form: str) -> Any:
    return georeport.GeoReport(f"{address}/open311/v2", output_format=form)


def listed(value: Any) -> list[Any]:
    """XML of one child is no list for this client."""
    return value if isinstance(value, list) else [value]


@pytest.mark.parametrize("form", ["json", "xml"])
def test_services_and_their_attributes_are_read(address: str, form: str) -> None:
    reader = client(address, form)
    services = {one["service_code"]: one for one in reader.get_service_list()}
    assert services[LITTER]["service_name"] == "暴露垃圾"
    assert str(services[LITTER]["metadata"]).lower() == "true"
    told = reader.get_service_definition(LITTER)
    attributes = told["attributes"] if form == "json" else told["attributes"]["attribute"]
    assert told["service_code"] == LITTER
    assert [one["code"] for one in attributes] == ["kinds", "amount", "since", "blocks"]


@pytest.mark.parametrize("form", ["json", "xml"])
def test_a_request_is_found_by_number_code_state_and_time(address: str, reported: tuple[str, str], form: str) -> None:
    number, _words = reported
    reader = client(address, form)
    one = reader.get_service_request(number)
    assert (one["service_request_id"], one["service_code"], one["status"]) == (number, LITTER, "open")
    assert one["agency_responsible"]
    wanted = {"service_code": LITTER, "status": "open", "start_date": one["requested_datetime"]}
    assert number in [row["service_request_id"] for row in listed(reader.get_service_requests(**wanted))]
    both = reader.get_service_requests(service_request_id=f"{number},0000-000000")
    assert [row["service_request_id"] for row in listed(both)] == [number]


def test_xml_and_json_say_the_same(address: str, reported: tuple[str, str]) -> None:
    plain, marked = (client(address, form).get_service_request(reported[0]) for form in ("json", "xml"))
    assert {name: str(value or "") for name, value in plain.items()} == {
        name: str(value or "") for name, value in marked.items()
    }


def test_a_number_that_is_none_is_an_error_for_the_client(address: str) -> None:
    with pytest.raises(Exception, match="404"):
        client(address, "json").get_service_request("1999-000001")
