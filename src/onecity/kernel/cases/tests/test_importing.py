"""Tables of cases: looked at before, taken once, every row accounted for, duplicates in the way of nobody."""

import io
from typing import Any

import openpyxl
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from onecity.kernel.cases.intake.importing import service
from onecity.kernel.cases.intake.importing.logic import meaning as meanings
from onecity.kernel.cases.intake.importing.logic.meaning import Meaning
from onecity.kernel.cases.models import Case, CaseEvent, ImportMapping, Reporter
from onecity.kernel.cases.tests.conftest import DISTRICT, TOWN_A, TOWN_B, VILLAGE_A, Town
from onecity.kernel.core.errors import Problem

HEADER = "工单编号,诉求内容,类型,地址,街镇,受理时间,来电人,电话"
ROWS = (
    "A1,路口有垃圾,Litter,人民路1号,区划990100001,2026-11-20 09:30,王小明,13812345678",
    "A2,夜间施工,noise,,990100002,2026-11-21,,",
    "A3,路口有垃圾,Litter,人民路1号,区划990100001,2026-11-20 09:30,王小明,13812345678",
    "A4,没有这种,Dragon,,区划990100001,,,",
    "A5,没有这里,Litter,,别处镇,,,",
    "A6,还没到,Litter,,区划990100001,2027-01-01,,",
    "A7,,Litter,,区划990100001,,,",
    "A1,同号又来,Litter,,区划990100001,,,",
)
FILE = "\n".join([HEADER, *ROWS]).encode()


def test_columns_are_guessed_from_their_names() -> None:
    assert meanings.guess(HEADER.split(",")) == {
        "key": "工单编号", "description": "诉求内容", "kind": "类型", "address": "地址", "division": "街镇",
        "opened_at": "受理时间", "name": "来电人", "phone": "电话",
    }  # fmt: skip
    assert meanings.guess(["id", "Title", "lat", "lng"]) == {"key": "id", "title": "Title", "lon": "lng", "lat": "lat"}


def test_looking_writes_nothing_and_says_what_would_happen(town: Town) -> None:
    found = service.preview(FILE, town["dispatcher"])
    assert (found.result.rows, found.result.fresh, found.result.known, found.result.wrong) == (8, 3, 1, 4)
    assert [fault.line for fault in found.result.faults] == [5, 6, 7, 8]
    assert not found.remembered
    assert (Case.objects.count(), ImportMapping.objects.count()) == (0, 0)


def test_a_table_is_taken_once_and_its_columns_are_remembered(town: Town, app_role: None) -> None:
    by = town["dispatcher"]
    meaning = service.preview(FILE, by).meaning
    client = signed_in(by)
    page = upload(client)
    assert "4" in page
    token = page.split('name="token" value="')[1].split('"')[0]
    sent = {"token": token, "do": "take"} | {f"column-{field}": name for field, name in meaning.columns.items()}
    done = client.post("/desk/cases/import", sent)
    assert done.status_code == 200, done.content.decode()[:500]
    assert client.post("/desk/cases/import", sent).status_code == 410
    assert upload(client).count("selected") >= len(meaning.columns)
    again = client.post("/desk/cases/import", sent | {"token": upload(client).split('name="token" value="')[1][:32]})
    assert again.status_code == 200


def test_what_was_taken(town: Town) -> None:
    by = town["dispatcher"]
    meaning = service.preview(FILE, by).meaning
    first = service.take(FILE, by, meaning)
    assert (first.rows, first.fresh, first.known, first.wrong) == (8, 3, 1, 4)
    second = service.take(FILE, by, meaning)
    assert (second.rows, second.fresh, second.known, second.wrong) == (8, 0, 4, 4)
    assert service.preview(FILE, by).remembered
    cases = {case.source_key: case for case in Case.objects.all()}
    assert set(cases) == {f"import:990100:A{n}" for n in (1, 2, 3)}
    one = cases["import:990100:A1"]
    assert (one.title, one.type_name, one.division_path, one.address) == ("路口有垃圾", "litter", TOWN_A, "人民路1号")
    assert one.opened_at.isoformat() == "2026-11-20T01:30:00+00:00"
    assert (one.source, one.opened_by_id, one.reporter_shown) == ("import", by.id, "王** 138****5678")
    assert cases["import:990100:A2"].division_path == TOWN_B
    assert Reporter.objects.count() == 2
    assert CaseEvent.objects.count() == 3


def test_rows_without_a_number_are_known_by_what_they_say(town: Town) -> None:
    file = b"title,kind,division\nHeap,litter,990100001\nHeap,litter,990100001\nOther,litter,990100001"
    meaning = Meaning({"title": "title", "kind": "kind", "division": "division"})
    assert service.take(file, town["dispatcher"], meaning).fresh == 2
    assert service.take(file, town["dispatcher"], meaning).fresh == 0


def test_rows_take_the_kind_and_division_that_were_chosen(town: Town) -> None:
    file = b"title\nHeap"
    assert service.take(file, town["dispatcher"], Meaning({"title": "title"})).wrong == 1
    assert service.take(file, town["dispatcher"], Meaning({"title": "title"}, "litter", VILLAGE_A)).fresh == 1
    assert Case.objects.get().division_path == VILLAGE_A


def test_nobody_imports_where_he_may_not_open(town: Town) -> None:
    result = service.take(FILE, town["handler_b"], service.preview(FILE, town["handler_b"]).meaning)
    assert (result.fresh, result.wrong) == (1, 7)
    assert {case.division_path for case in Case.objects.all()} == {TOWN_B}
    with pytest.raises(Problem) as refused:
        service.preview(FILE, town["nobody"])
    assert refused.value.status == 403


def test_a_thousand_rows_with_duplicates_all_land(town: Town) -> None:
    rows = [f"{n},路口有垃圾 {n % 10},litter,{DISTRICT}" for n in range(1000)]
    file = "\n".join(["id,title,kind,division", *rows]).encode()
    meaning = service.preview(file, town["dispatcher"]).meaning
    assert service.take(file, town["dispatcher"], meaning).fresh == 1000
    assert service.take(file, town["dispatcher"], meaning).fresh == 0
    assert Case.objects.count() == 1000


def test_excel_and_what_is_no_table(town: Town) -> None:
    book = openpyxl.Workbook()
    book.worksheets[0].append(["标题", "类型", "街镇", "经度", "纬度"])
    book.worksheets[0].append(["灯不亮", "litter", "990100001", 121.5, 30.5])
    book.worksheets[0].append(["坏点", "litter", "990100001", 500, 30.5])
    target = io.BytesIO()
    book.save(target)
    by = town["dispatcher"]
    result = service.take(target.getvalue(), by, service.preview(target.getvalue(), by).meaning)
    assert (result.fresh, result.wrong) == (1, 1)
    assert (Case.objects.get().lon, Case.objects.get().lat) == (121.5, 30.5)
    answer = signed_in(by).post("/desk/cases/import", {"file": SimpleUploadedFile("a.csv", b"\0\1\2")})
    assert answer.status_code == 422


@given(st.lists(st.text("编号标题类型电话时间地址 idtelkx.()", max_size=8), unique=True, max_size=8))
def test_any_columns_are_guessed_once_each(names: list[str]) -> None:
    found = meanings.guess(names)
    assert len(set(found.values())) == len(found)
    assert meanings.fitting(found, names) == found


def signed_in(account: Any) -> Client:
    client = Client(headers={"accept-language": "en"})
    client.force_login(account)
    return client


def upload(client: Client) -> str:
    answer = client.post("/desk/cases/import", {"file": SimpleUploadedFile("a.csv", FILE)})
    assert answer.status_code == 200, answer.content.decode()[:500]
    return answer.content.decode()
