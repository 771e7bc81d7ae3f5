"""The pages of kinds work without a script: read by staff, written by those who may, mistakes named, files taken in."""

import json

from django.db import connection
from django.test import Client

from onecity.kernel.access.session import acting_as
from onecity.kernel.cases import service, type_store
from onecity.kernel.cases.kinds import checking
from onecity.kernel.cases.kinds.tests.test_migrating import renamed
from onecity.kernel.cases.models import Case, CaseType, CaseTypeDraft
from onecity.kernel.cases.tests.conftest import Town, litter
from onecity.kernel.cases.tests.test_pages import sign_in, text_of

BASE = "/desk/case-types"


def fields(draft: CaseTypeDraft, **more: object) -> dict[str, object]:
    """What the page sends when nothing was changed in it."""
    data = draft.definition
    return {
        "revision": draft.revision,
        "title.zh": data["title"]["zh"],
        "title.en": data["title"]["en"],
        "manual": "on",
        "limit.stage": [one.get("stage", "") for one in data["limits"]],
        "limit.amount": [f"{one['amount']:g}" for one in data["limits"]],
        "limit.unit": [one["unit"] for one in data["limits"]],
        "route.organisation": [one.get("organisation", "") for one in data["routes"]],
        "route.level": [one.get("level", "") for one in data["routes"]],
        "route.role": [one.get("role", "") for one in data["routes"]],
        **more,
    }


def test_the_list_and_one_kind_for_whoever_sees_cases(town: Town) -> None:
    client = sign_in(town["handler_a"])
    page = client.get(BASE)
    assert page.status_code == 200
    assert "2 个工作日" in text_of(page.content) or "4 个工作小时" in text_of(page.content)
    assert client.get(f"{BASE}?q=noise").content.count(b'scope="row"') == 1
    page = client.get(f"{BASE}/litter")
    assert page.content.count(b'<g class="box') == len(CaseType.objects.get(name="litter").definition["states"])
    assert "cases:kind-begin" not in page.content.decode()
    assert "开始起草" not in page.content.decode()
    assert "Limits" in text_of(sign_in(town["handler_a"], "en").get(f"{BASE}/litter").content)
    assert client.get(f"{BASE}/nothing").status_code == 404
    assert client.get(f"{BASE}/import").status_code == 403
    assert client.post(f"{BASE}/drafts", {"name": "litter"}).status_code == 403
    assert Client().get(BASE).status_code == 302


def test_from_draft_to_version_over_the_pages(managers: Town) -> None:
    author, reviewer = sign_in(managers["author"]), sign_in(managers["reviewer"])
    place = author.post(f"{BASE}/drafts", {"name": "litter"})["Location"]
    draft = CaseTypeDraft.objects.get()
    same = author.post(f"{place}/edit", fields(draft))
    assert same.status_code == 302
    draft.refresh_from_db()
    assert checking.mistakes(draft.definition) == []
    assert draft.definition == CaseType.objects.get(name="litter").definition
    sent = fields(draft, comment="更快", results="cleaned | 已清理 | Cleaned\n\nnone | 未发现 | Nothing found")
    sent["limit.amount"] = ["1", "2"]
    assert author.post(f"{place}/edit", sent).status_code == 302
    page = text_of(author.get(place).content)
    assert "已清理" in page
    assert author.post(f"{place}/act", {"action": "submit"}).status_code == 302
    assert author.post(f"{place}/act", {"action": "publish"}).status_code == 403
    assert "发布" in text_of(reviewer.get(place).content)
    answer = reviewer.post(f"{place}/act", {"action": "publish", "effective_from": "2026-12-01T00:00"})
    assert answer["Location"] == f"{BASE}/litter?version=2"
    row = CaseType.objects.get(name="litter", version=2)
    assert row.effective_from.isoformat() == "2026-11-30T16:00:00+00:00"
    assert [one["amount"] for one in row.definition["limits"]] == [1.0, 2.0]
    assert [one["code"] for one in row.definition["results"]] == ["cleaned", "none"]
    page = text_of(reviewer.get(f"{BASE}/litter/compare").content)
    assert "处理结果" in page
    assert "办理时限" in page
    assert reviewer.get(f"{BASE}/litter?version=2").status_code == 200


def test_what_cannot_be_read_is_named_and_not_saved(managers: Town) -> None:
    client = sign_in(managers["author"])
    place = client.post(f"{BASE}/drafts", {"name": "litter"})["Location"]
    draft = CaseTypeDraft.objects.get()
    sent = fields(draft, results="only a code")
    sent["limit.amount"] = ["two", "4"]
    page = client.post(f"{place}/edit", sent)
    assert page.status_code == 422
    text = text_of(page.content)
    assert "“two”不是数字" in text
    assert "第 1 行" in text
    page = client.post(f"{place}/edit?as=json", {"revision": draft.revision, "definition": '{"title": '})
    assert (page.status_code, "行列位置 1:11" in text_of(page.content)) == (422, True)
    assert client.post(f"{place}/edit?as=json", {"revision": 1, "definition": "[1]"}).status_code == 422
    draft.refresh_from_db()
    assert draft.revision == 1
    # JSON with mistakes is kept as a draft, and every mistake is named
    wrong = {**draft.definition, "limits": [{"amount": -1, "unit": "working_days"}], "initial": "none"}
    assert client.post(f"{place}/edit?as=json", {"revision": 1, "definition": json.dumps(wrong)}).status_code == 302
    text = text_of(client.get(place).content)
    assert "limits 时限必须大于零" in text
    assert "初始状态“none”不在状态列表中" in text


def test_a_new_kind_after_another(managers: Town) -> None:
    client = sign_in(managers["author"])
    assert client.post(f"{BASE}/drafts", {"name": "noise", "like": "litter"}).status_code == 422
    place = client.post(f"{BASE}/drafts", {"name": "snow", "like": "litter"})["Location"]
    draft = CaseTypeDraft.objects.get()
    assert (draft.name, draft.based_on) == ("snow", 0)
    assert "新的类别" in text_of(client.get(place).content)
    client.post(f"{place}/edit", fields(draft, **{"title.zh": "积雪", "title.en": "Snow"}))
    client.post(f"{place}/act", {"action": "submit"})
    sign_in(managers["reviewer"]).post(f"{place}/act", {"action": "publish"})
    assert service.open_case(litter(type_name="snow")).type_version == 1


def test_a_file_out_changed_and_in_again(managers: Town) -> None:
    client = sign_in(managers["author"])
    answer = client.get(f"{BASE}/file?name=litter")
    assert answer["Content-Disposition"] == 'attachment; filename="litter.json"'
    file = json.loads(answer.content)
    assert [one["name"] for one in file["types"]] == ["litter"]
    assert "没有可导入的内容" in text_of(client.post(f"{BASE}/import", {"text": json.dumps(file)}).content)
    file["types"][0]["definition"]["limits"] = [{"amount": 3, "unit": "calendar_days"}]
    file["types"].append({"name": "snow", "definition": file["types"][0]["definition"]})
    page = client.post(f"{BASE}/import", {"text": json.dumps(file)})
    assert "calendar_days" in text_of(page.content)
    assert CaseTypeDraft.objects.count() == 0
    assert client.post(f"{BASE}/import", {"text": json.dumps(file), "confirm": "1"})["Location"] == BASE
    assert sorted(CaseTypeDraft.objects.values_list("name", "state")) == [("litter", "draft"), ("snow", "draft")]
    assert CaseType.objects.count() == 2
    page = client.post(f"{BASE}/import", {"text": "{}"})
    assert page.status_code == 422


def test_cases_are_moved_from_the_page(managers: Town) -> None:
    case = service.open_case(litter())
    renamed(managers)
    client = sign_in(managers["author"])
    page = client.get(f"{BASE}/litter/migrate")
    assert b'name="state.1.opened"' in page.content
    look = client.post(f"{BASE}/litter/migrate", {"to": "2", "state.1.opened": "opened"})
    assert case.number in text_of(look.content)
    case.refresh_from_db()
    assert case.type_version == 1
    wrong = client.post(f"{BASE}/litter/migrate", {"to": "2", "state.1.opened": "", "move": "1"})
    assert wrong.status_code == 422
    done = client.post(f"{BASE}/litter/migrate", {"to": "2", "state.1.opened": "opened", "move": "1"})
    assert "已改用 1 件" in text_of(done.content)
    case.refresh_from_db()
    assert case.type_version == 2


def test_the_database_itself_lets_only_those_publish_who_may(managers: Town) -> None:
    renamed(managers)
    case = service.open_case(litter())

    def may(name: str, sql: str) -> int:
        with acting_as(managers[name].id), connection.cursor() as cursor:
            cursor.execute("SET LOCAL ROLE onecity_app")
            cursor.execute(sql)
            found = cursor.fetchone()
            cursor.execute("RESET ROLE")
        return int(found[0]) if found else 0

    assert CaseTypeDraft.objects.count() == 1
    assert may("author", "SELECT count(*) FROM cases_casetypedraft") == 1
    assert may("dispatcher", "SELECT count(*) FROM cases_casetypedraft") == 0
    assert type_store.version("litter", 2).version == 2
    assert Case.objects.get(id=case.id).type_version == 2
