"""The archive at work: taken in once, found again, read by those allowed, damaged and found so, ended by two people."""

import datetime as dt
import os
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from django.db import DatabaseError, connection, transaction
from django.test import Client

from onecity.kernel.access.session import acting_as
from onecity.kernel.core.clock import FixedClock, now, use_clock
from onecity.kernel.core.errors import Problem
from onecity.kernel.records.archive import archiving, fixity, keeping, reading, store
from onecity.kernel.records.archive.tests.conftest import PLACE, People, documents, matter, pdf
from onecity.kernel.records.models import ArchiveEvent, ArchivePackage, PackageState, ReadingRequest, Soundness

pytestmark = pytest.mark.django_db
PDF = "data/3-办理结果/001-敬老优待证.pdf"
LATER = FixedClock(dt.datetime(2037, 1, 2, tzinfo=dt.UTC))


def events(row: ArchivePackage) -> list[str]:
    return list(ArchiveEvent.objects.filter(package=row).order_by("id").values_list("what", flat=True))


def flip(row: ArchivePackage) -> None:
    path = store.path_of(row.sha256)
    content = bytearray(path.read_bytes())
    content[content.index(pdf())] ^= 1
    path.write_bytes(bytes(content))


def test_a_matter_is_taken_in_once_and_its_file_is_on_the_disk() -> None:
    row = archiving.take_in(matter())
    assert row.call_number == "A012-ZW·2026-D10-000001"
    assert archiving.take_in(matter()).id == row.id
    assert archiving.take_in(matter("case/2")).call_number == "A012-ZW·2026-D10-000002"
    assert archiving.take_in(matter("case/3", fonds="B1")).call_number == "B1-ZW·2026-D10-000001"
    assert store.path_of(row.sha256).stat().st_size == row.size
    assert events(row) == ["taken_in"]
    assert {check["outcome"] for check in row.report} == {"ok", "not_checked"}


def test_a_matter_that_fails_a_check_leaves_nothing_behind(home: Path) -> None:
    with pytest.raises(Problem) as refused:
        archiving.take_in(matter(documents=documents()[:2]))
    assert (refused.value.status, [e.field for e in refused.value.errors]) == (422, ["parts"])
    assert ArchivePackage.objects.count() == 0
    assert list(store.lying()) == []


def test_a_flipped_bit_is_found_told_and_named_and_a_restored_file_is_sound_again(people: People) -> None:
    row, other = archiving.take_in(matter()), archiving.take_in(matter("case/2"))
    whole = store.path_of(row.sha256).read_bytes()
    assert fixity.audit_oldest() == []
    flip(row)
    [found] = fixity.audit_oldest()
    assert (found.package.id, found.soundness) == (row.id, Soundness.DAMAGED)
    assert any(PDF in told for told in found.changed)
    assert fixity.audit_oldest()[0].package.id == row.id
    with pytest.raises(Problem) as damaged:
        reading.names(row)
    assert damaged.value.status == 500
    store.path_of(row.sha256).write_bytes(whole)
    assert fixity.audit_oldest() == []
    store.path_of(other.sha256).unlink()
    assert [(f.package.id, f.soundness) for f in fixity.audit_oldest()] == [(other.id, Soundness.MISSING)]
    assert events(row) == ["taken_in", "found_damaged", "found_sound"]


def test_those_not_looked_at_longest_come_first_and_a_run_is_bounded() -> None:
    rows = [archiving.take_in(matter(f"case/{n}")) for n in range(3)]
    ArchivePackage.objects.filter(id=rows[2].id).update(looked_at=now() - dt.timedelta(days=9))
    flip(rows[2])
    assert [f.package.id for f in fixity.audit_oldest(most_bytes=1)] == [rows[2].id]
    flip(rows[0])
    assert [f.package.id for f in fixity.audit_oldest(most_bytes=1)] == [rows[0].id]


def test_a_file_that_a_crash_left_behind_goes_after_a_day() -> None:
    row = archiving.take_in(matter())
    left = store.path_of("ab" * 32)
    left.parent.mkdir(parents=True)
    left.write_bytes(b"left")
    assert fixity.remove_orphans() == 0
    for path in (left, store.path_of(row.sha256)):
        os.utime(path, (0, 0))
    assert fixity.remove_orphans() == 1
    assert not left.exists()
    assert store.path_of(row.sha256).exists()


def test_a_restricted_matter_is_read_only_by_whoever_was_let_and_each_look_is_kept(
    people: People, as_web: Callable[[], None]
) -> None:
    row = archiving.take_in(matter())
    as_web()
    with acting_as(people.reader.id):
        found = reading.find(row.id, people.reader)
        with pytest.raises(Problem) as closed:
            reading.file(found, PDF, people.reader)
        assert closed.value.status == 403
        asked = reading.ask(found, people.reader, "复核补贴发放")
        with pytest.raises(Problem) as again:
            reading.ask(found, people.reader, "再看")
        assert again.value.status == 409
        assert ReadingRequest.objects.filter(id=asked.id).update(allowed_until=now() + dt.timedelta(days=1)) == 0
    with acting_as(people.releaser.id):
        reading.decide(asked.id, people.releaser, allow=True)
    with acting_as(people.reader.id):
        assert reading.file(found, PDF, people.reader) == pdf()
        with pytest.raises(Problem) as missing:
            reading.file(found, "data/../../secret", people.reader)
        assert missing.value.status == 404
        with pytest.raises(Problem) as keeper_only:
            reading.export(found, people.reader)
        assert keeper_only.value.status == 403
        last = ArchiveEvent.objects.filter(package=row).latest("id")
        assert (last.what, last.actor_id, last.reason, last.detail) == (
            "read",
            people.reader.id,
            "复核补贴发放",
            {"path": PDF},
        )
        with use_clock(FixedClock(now() + dt.timedelta(days=8))):
            assert not reading.may_read(found, people.reader)


def test_a_stranger_and_nobody_see_nothing(people: People, as_web: Callable[[], None]) -> None:
    row = archiving.take_in(matter(restricted=False))
    as_web()
    for who in (people.stranger.id, None):
        with acting_as(who):
            assert ArchivePackage.objects.count() == 0
            assert ArchiveEvent.objects.count() == 0
    with acting_as(people.stranger.id), pytest.raises(Problem) as unseen:
        reading.find(row.id, people.stranger)
    assert unseen.value.status == 404
    with acting_as(people.reader.id):
        assert [r.id for r in reading.search(people.reader, reading.Wanted("敬老优待"))] == [row.id]
        assert [r.id for r in reading.search(people.reader, reading.Wanted(row.call_number, 2026, "D10", "sound"))] == [
            row.id
        ]
        assert not reading.search(people.reader, reading.Wanted("结婚")).exists()
        assert not reading.search(people.reader, reading.Wanted(soundness="damaged")).exists()


def test_a_disposal_takes_its_time_and_two_people_and_leaves_the_row(
    people: People, as_web: Callable[[], None]
) -> None:
    row = archiving.take_in(matter())
    as_web()
    with acting_as(people.keeper.id), pytest.raises(Problem) as early:
        keeping.propose(row.id, people.keeper, "期满")
    assert early.value.status == 409
    with use_clock(LATER), acting_as(people.keeper.id):
        keeping.hold(row.id, people.keeper, "诉讼中", held=True)
        assert list(keeping.due(people.keeper)) == []
        with pytest.raises(Problem) as held:
            keeping.propose(row.id, people.keeper, "期满")
        assert held.value.status == 409
        keeping.hold(row.id, people.keeper, "结案", held=False)
        assert [r.id for r in keeping.due(people.keeper)] == [row.id]
        keeping.propose(row.id, people.keeper, "期满")
        with pytest.raises(Problem) as alone:
            keeping.approve(row.id, people.keeper, "期满")
        assert alone.value.status == 403
    with use_clock(LATER), acting_as(people.approver.id):
        keeping.refuse(row.id, people.approver, "再看看")
        keeping.propose(row.id, people.approver, "期满")
        with pytest.raises(Problem) as own:
            keeping.approve(row.id, people.approver, "期满")
        assert own.value.status == 409
    assert ArchivePackage.objects.count() == 0  # nobody asks
    with connection.cursor() as cursor:
        cursor.execute("RESET ROLE")
    assert store.path_of(row.sha256).exists()


@pytest.mark.django_db(transaction=True)
def test_an_approved_disposal_removes_the_bytes_and_only_then(people: People) -> None:
    row = archiving.take_in(matter())
    with use_clock(LATER):
        keeping.propose(row.id, people.keeper, "期满")
        with transaction.atomic():
            keeping.approve(row.id, people.approver, "同意")
            transaction.set_rollback(True)
        assert store.path_of(row.sha256).exists()
        keeping.approve(row.id, people.approver, "同意")
    assert not store.path_of(row.sha256).exists()
    row.refresh_from_db()
    assert row.state == PackageState.DISPOSED
    assert events(row) == ["taken_in", "disposal_proposed", "disposed"]
    assert fixity.audit_oldest() == []
    assert not reading.may_read(row, people.keeper)
    with pytest.raises(DatabaseError):
        ArchivePackage.objects.filter(id=row.id).update(state=PackageState.KEPT)


def test_the_database_refuses_to_rewrite_what_was_taken_in(people: People) -> None:
    row = archiving.take_in(matter())
    for change in ({"title": "x"}, {"sha256": "0" * 64}, {"kept_until": None}, {"state": "disposed"}):
        with pytest.raises(DatabaseError), transaction.atomic():
            ArchivePackage.objects.filter(id=row.id).update(**change)
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("DELETE FROM records_archivepackage")
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("UPDATE records_archiveevent SET what = 'x'")
    row.refresh_from_db()
    assert (row.title, row.state) == ("陈洁申请敬老优待证", "kept")


@pytest.mark.django_db(transaction=True)
def test_two_that_take_in_at_once_make_one_package_and_numbers_never_meet() -> None:
    keys = ["case/1", "case/1", "case/2", "case/3"]
    made: list[tuple[str, str]] = []

    def work(key: str) -> None:
        try:
            row = archiving.take_in(matter(key))
            made.append((key, row.call_number))
        finally:
            connection.close()

    threads = [threading.Thread(target=work, args=(key,)) for key in keys]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(made) == 4
    assert len(set(made)) == 3
    assert {number[-6:] for _key, number in made} == {"000001", "000002", "000003"}


def test_pages_find_ask_read_export_and_end(people: People, client: Client) -> None:
    row = archiving.take_in(matter())
    client.force_login(people.keeper)
    assert "陈洁申请敬老优待证" in client.get("/desk/archive", {"q": "优待证"}).content.decode()
    page = client.get(f"/desk/archive/{row.id}").content.decode()
    assert row.sha256 in page
    assert PDF not in page
    assert client.get(f"/desk/archive/{row.id}/file/{PDF}").status_code == 403
    assert client.get(f"/desk/archive/{row.id}/export").status_code == 403
    assert client.post(f"/desk/archive/{row.id}/ask", {"reason": "审计"}).status_code == 302
    client.force_login(people.releaser)
    request = ReadingRequest.objects.get()
    assert client.post(f"/desk/archive/{row.id}/requests/{request.id}", {"decision": "allow"}).status_code == 302
    client.force_login(people.keeper)
    file = client.get(f"/desk/archive/{row.id}/file/{PDF}")
    assert (file.content, file["Content-Type"]) == (pdf(), "application/pdf")
    exported = client.get(f"/desk/archive/{row.id}/export")
    assert exported.content == store.read(row.sha256, row.sm3)
    assert client.post(f"/desk/archive/{row.id}/act", {"deed": "hold", "reason": ""}).status_code == 422
    assert client.post(f"/desk/archive/{row.id}/act", {"deed": "hold", "reason": "诉讼"}).status_code == 302
    row.refresh_from_db()
    assert row.held
    assert client.get("/desk/archive/disposal").status_code == 200
    client.force_login(people.stranger)
    assert client.get(f"/desk/archive/{row.id}").status_code == 403
    assert row.division_path == PLACE
