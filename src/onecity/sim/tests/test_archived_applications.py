"""A decided application goes into the archive with its certificate, once, and what fails a check is noted, not lost."""

import datetime as dt
import json
from pathlib import Path
from typing import Any

import pytest

from onecity.domains.services.applying import archiving, deciding, filing
from onecity.domains.services.applying.bench import district
from onecity.domains.services.applying.models import Application, ArchiveRefusal
from onecity.domains.services.registers import connected
from onecity.domains.services.registers.port import Subject
from onecity.kernel.cases.models import Case
from onecity.kernel.core.ids import new_id
from onecity.kernel.records.archive import store
from onecity.kernel.records.archive.logic import package
from onecity.kernel.records.models import ArchivePackage
from onecity.sim.registers.source import Registers

pytestmark = pytest.mark.django_db


@pytest.fixture
def closed(settings: Any, tmp_path: Path) -> Application:
    settings.ONECITY_HOME = tmp_path
    source = Registers(60)
    old = sorted(source.population.people.values(), key=lambda one: one.number[6:14])[:20]
    with connected.connected_to(source):
        submissions = district.build([Subject("person", one.number, one.name) for one in old])
        for submission in submissions:
            [application] = filing.submit_many([submission])
            deciding.decide_waiting()
            application.refresh_from_db()
            if application.certificate_id is not None:
                break
            Application.objects.filter(id=application.id).update(case_id=new_id())  # the others are not looked at here
    assert Case.objects.get(id=application.case_id).closed_at is not None
    return application


def test_a_closed_application_is_archived_once_with_its_certificate(closed: Application) -> None:
    assert archiving.archive_closed() == 1
    assert archiving.archive_closed() == 0
    row = archiving.package_of(closed)
    assert row is not None
    assert (row.kind, row.retention, row.kept_until) == (
        closed.item_code,
        "D30",
        dt.date(row.closed_at.year + 30, 12, 31),
    )
    assert {c["code"]: c["outcome"] for c in row.report if c["outcome"] != "ok"} == {"virus_scan": "not_checked"}
    payload = package.read(store.read(row.sha256, row.sm3)).payload()
    [signed] = [path for path in payload if path.endswith(".jwt")]
    assert archiving.genuine(signed, payload[signed]) == []
    assert archiving.genuine(signed, payload[signed].replace(b"e", b"f", 1)) != []
    [decided] = [path for path in payload if path.endswith("办理决定.json")]
    assert json.loads(payload[decided])["结论"] == closed.outcome


def test_what_fails_a_check_is_noted_with_the_reason_and_tried_again_when_asked(
    closed: Application, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archiving, "genuine", lambda path, _content: ["forged"] if path.endswith(".jwt") else None)
    assert archiving.archive_closed() == 0
    assert ArchivePackage.objects.count() == 0
    [noted] = ArchiveRefusal.objects.all()
    assert "forged" in noted.reason
    monkeypatch.undo()
    assert archiving.archive_closed() == 0
    noted.delete()
    assert archiving.archive_closed() == 1
