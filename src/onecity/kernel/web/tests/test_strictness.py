"""What is asked wrongly is told; what programs ask beside GET works: HEAD, OPTIONS, and filters that do not exist."""

import pytest
from django.test import Client

from onecity.kernel.people.models import Account

pytestmark = pytest.mark.django_db
READS = ["/api/places/divisions", "/api/places/locate?lon=121&lat=30", "/api/rules/alerts", "/api/telemetry/series"]


def chinese() -> Client:
    client = Client(headers={"accept-language": "zh-hans"})
    client.force_login(Account.objects.create_superuser("root", "correct horse battery"))
    return client


def errors(client: Client, address: str) -> dict[str, str]:
    answer = client.get(address, headers={"accept": "application/json"})
    assert answer.status_code == 422, answer.content
    return {error["field"]: error["detail"] for error in answer.json()["errors"]}


@pytest.mark.parametrize("address", READS)
def test_head_is_get_without_its_body(address: str) -> None:
    client = chinese()
    whole, head = client.get(address), client.head(address)
    assert (head.status_code, head.content) == (whole.status_code, b"") == (200, b"")
    assert head["Content-Length"] == str(len(whole.content))
    assert head["Content-Type"] == whole["Content-Type"]


@pytest.mark.parametrize("address", READS)
def test_options_names_the_methods(address: str) -> None:
    answer = chinese().options(address)
    assert (answer.status_code, answer.content) == (204, b"")
    assert set(answer["Allow"].split(", ")) >= {"GET", "HEAD", "OPTIONS"}


def test_head_of_what_only_takes_posts_is_refused_and_does_nothing() -> None:
    answer = chinese().head("/api/telemetry/quarantine/replay")
    assert answer.status_code == 405
    assert answer["Allow"] == "OPTIONS, POST"


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("/api/places/locate?lon=a&lon=b&lat=1", {"lon": "此项只能填写一次。"}),
        ("/api/places/locate?lon=a&lat=1", {"lon": "应为数字。"}),
        ("/api/places/divisions?level=x", {"level": "只能是以下之一：district, town, village。"}),
        ("/api/places/layers/x.geojson", {"level": "只能是以下之一：district, town, village。"}),
        ("/map/divisions?level=x", {"level": "只能是以下之一：district, town。"}),
        ("/api/rules/alerts?severity=purple", {"severity": "只能是以下之一：blue, yellow, orange, red。"}),
        ("/api/telemetry/quarantine?source=pigeon", {"source": None}),
        ("/api/telemetry/quarantine?reason=mood", {"reason": None}),
        (
            "/api/places/locate?lat=1&lon=1&colour=red",
            {"colour": "没有这一项；可以填写：lon, lat, tree, level, at, snap_m。"},
        ),
    ],
)
def test_filters_that_do_not_exist_are_told(address: str, expected: dict[str, str | None]) -> None:
    found = errors(chinese(), address)
    assert set(found) == set(expected)
    for field, sentence in expected.items():
        assert sentence is None or found[field] == sentence


def test_a_body_that_is_no_json_is_told_where() -> None:
    client = chinese()
    answer = client.post("/api/telemetry/quarantine/replay", b'{"ids": [}', content_type="application/json")
    assert (answer.status_code, answer.json()["detail"]) == (400, "请检查第 1 行第 10 个字符。")
