"""The desk's lists of sources and snapshots in both languages: what each is, how it fares, and no secret of a source."""

import datetime as dt

import pytest

from onecity.kernel.core.clock import now
from onecity.kernel.twin.models import Snapshot, SourceRegistration
from onecity.kernel.twin.tests.test_subscriptions_page import client_for

pytestmark = pytest.mark.django_db


def registered() -> None:
    document = {
        "registrationName": "Parking of the port",
        "mode": "redirect",
        "endpoint": "https://user:secret@port.example:8443/api?key=token-4711",
        "contextSourceInfo": [{"key": "Authorization", "value": "Bearer token-4712"}],
        "information": [
            {
                "entities": [{"type": [f"Kind{n}" for n in range(14)]}],
                "propertyNames": ["https://example.org/spaces", "free"],
            }
        ],
    }
    SourceRegistration.objects.create(
        urn="urn:r:1", division_path="adm/1/", document=document, times_sent=17, times_failed=4, status="failed",
        last_failure=now(), expires_at=now() - dt.timedelta(seconds=5),
    )  # fmt: skip


def kept(status: str, urn: str, until: dt.timedelta) -> None:
    document = {"description": f"Before the storm {urn}", "snapshotQueries": [{}, {}]}
    Snapshot.objects.create(
        urn=urn, owner="anonymous", division_path="adm/1/", document=document, status=status, expires_at=now() + until
    )


@pytest.mark.parametrize(
    ("language", "words"),
    [("en", ("instead of what is held here", "expired", "failed")), ("zh-hans", ("代替本地数据", "已过期", "失败"))],
)
def test_sources_are_listed_with_how_they_answer(language: str, words: tuple[str, ...]) -> None:
    registered()
    text = client_for("entities.view", language).get("/desk/sources").content.decode()
    shown = ("Parking of the port", "https://port.example:8443/api", "Kind0", "+2", "https://example.org/spaces", "17")
    assert [word for word in (*words, *shown) if word not in text] == []
    assert [word for word in ("secret", "token-4711", "token-4712", "Kind13") if word in text] == []


@pytest.mark.parametrize(("language", "word"), [("en", "in part"), ("zh-hans", "部分成功")])
def test_snapshots_that_are_kept_are_listed(language: str, word: str) -> None:
    kept("partial", "urn:n:1", dt.timedelta(hours=1))
    kept("success", "urn:n:2", dt.timedelta(hours=-1))
    text = client_for("entities.edit", language).get("/desk/snapshots").content.decode()
    assert word in text
    assert "Before the storm urn:n:1" in text
    assert "urn:n:2" not in text


def test_nothing_yet_is_said_in_words() -> None:
    client = client_for("entities.edit", "en")
    assert "No snapshot is kept" in client.get("/desk/snapshots").content.decode()
    assert client.get("/desk/sources").status_code == 403


def test_who_may_only_look_sees_no_snapshots() -> None:
    client = client_for("entities.view", "en")
    assert client.get("/desk/snapshots").status_code == 403
    assert "No source is registered" in client.get("/desk/sources").content.decode()
