"""The desk's editor: written by one, reviewed by another, published from a day; what runs keeps its version; walls hold."""

import datetime as dt
import json
import re
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import DatabaseError, transaction
from django.test import Client

from onecity.domains.services.items import publishing, store, workbook
from onecity.domains.services.items.logic import reading
from onecity.domains.services.items.models import ItemVersion, ServiceItem, Sort, Status, VersionState
from onecity.domains.services.items.tests.test_item import sample
from onecity.kernel.access.session import acting_as
from onecity.kernel.core.clock import now
from onecity.kernel.core.errors import Problem
from onecity.kernel.people.models import Account, Role, RoleAssignment

pytestmark = pytest.mark.django_db
ZH = {"accept-language": "zh-CN"}


def person(name: str, *permissions: str) -> Account:
    account = Account.objects.create_user(name, display_name=name)
    role = Role.objects.create(name=name.replace("-", "_"), title=name, permissions=list(permissions))
    RoleAssignment.objects.create(account=account, role=role, division_path="", valid_from=now() - dt.timedelta(days=1))
    return account


@pytest.fixture
def writer() -> Account:
    return person("writer", "items.view", "items.edit", "items.publish")


@pytest.fixture
def reviewer() -> Account:
    return person("reviewer", "items.view", "items.publish")


def whole(**changed: Any) -> dict[str, Any]:
    more: dict[str, Any] = {
        "places": [{"name": {"zh": "窗口"}, "address": {"zh": "一楼"}, "hours": {"zh": "全天"}}],
        "conditions": [
            {"text": {"zh": "年满 60 周岁"}, "test": {"value": "household.age", "sort": "number", "accepts": ">= 60"}}
        ],
        "materials": [
            {
                "key": "id_card",
                "name": {"zh": "身份证"},
                "source": {"register": "household", "fields": ["name"], "legal_basis": {"zh": "规定"}},
            }
        ],
    }
    return reading.write(reading.read(sample(**{**more, **changed})))


@pytest.fixture
def item() -> ServiceItem:
    publishing.install(Sort.ITEM, "sample_item", whole(), effective_from=now() - dt.timedelta(days=30))
    return ServiceItem.objects.get(code="sample_item")


def test_a_change_goes_through_two_hands(client: Client, item: ServiceItem, writer: Account, reviewer: Account) -> None:
    client.force_login(writer)
    begun = client.post(f"/desk/items/item/{item.code}/begin")
    edit_page = client.get(begun["Location"], headers=ZH).content.decode()
    draft = ItemVersion.objects.get(state=VersionState.DRAFT)
    assert re.search(r'<option value="4" selected>', edit_page)  # the level that it does not say is the usual one
    assert re.search(r'name="channels.forms" value="1" checked', edit_page)
    sent = dict(re.findall(r'name="([\w.]+)" value="([^"]*)"', edit_page))
    fields = {
        "revision": str(draft.revision), "name.zh": "改名的事项", "name.en": "Renamed", "summary.zh": "文", "enquiries.zh": "文",
        "complaints.zh": "文", "kind": "20", "case_kind": "2", "authority.level": "4", "authority.power_source": "1",
        "authority.uscc": sent["authority.uscc"], "channels.online_depth": "5", "channels.range": "4", "audience": ["1"],
        "channels.forms": ["1", "2"], "limits.statutory.amount": "20", "limits.statutory.unit": "working_days",
        "limits.promised.amount": "3", "limits.promised.unit": "working_days", "channels.visits": "0", "channels.in_hall": "on",
        "words": "俗称甲\n俗称乙", "conditions": "年满 60 周岁\n身体健康 | Healthy", "materials": "id_card | 居民身份证 | Identity card | 是",
        "steps": "申请 | Apply", "results": "", "fees": "", "faq": "", "legal_basis": "某法 | Some law", "themes": ["housing"],
    }  # fmt: skip
    assert client.post(f"/desk/items/drafts/{draft.id}/edit", fields).status_code == 302
    draft.refresh_from_db()
    written = reading.read(draft.content)
    assert (written.name["zh"], written.limits.promised.amount, written.words) == (
        "改名的事项",
        3,
        ("俗称甲", "俗称乙"),
    )
    assert written.conditions[0].test is not None
    assert written.conditions[1].text == {"zh": "身体健康", "en": "Healthy"}
    assert written.materials[0].source is not None
    assert written.materials[0].name == {"zh": "居民身份证", "en": "Identity card"}

    page = client.get(f"/desk/items/drafts/{draft.id}", headers=ZH).content.decode()
    assert "改名的事项" in page
    assert "样例事项" in page
    client.post(f"/desk/items/drafts/{draft.id}/act", {"action": "submit"})
    for action in ("approve", "publish"):
        assert client.post(f"/desk/items/drafts/{draft.id}/judge", {"action": action}).status_code in {403, 409}
    assert store.item(item.code).number == 1

    client.force_login(reviewer)
    assert client.post(f"/desk/items/drafts/{draft.id}/judge", {"action": "publish"}).status_code == 409
    client.post(f"/desk/items/drafts/{draft.id}/judge", {"action": "approve"})
    client.post(f"/desk/items/drafts/{draft.id}/judge", {"action": "publish"})
    assert (store.item(item.code).number, store.item(item.code).item.name["en"]) == (2, "Renamed")
    assert store.version(Sort.ITEM, item.code, 1).item.name["zh"] == "样例事项"
    compared = client.get(f"/desk/items/item/{item.code}", headers=ZH).content.decode()
    assert "改名的事项" in compared
    assert "name.zh" in compared


def test_a_version_holds_from_its_day(item: ServiceItem, writer: Account, reviewer: Account) -> None:
    draft = publishing.begin(Sort.ITEM, item.code, writer)
    draft = publishing.write(draft.id, writer, draft.revision, whole(summary={"zh": "从明天起"}))
    publishing.submit(draft.id, writer)
    publishing.approve(draft.id, reviewer)
    tomorrow = now() + dt.timedelta(days=1)
    with pytest.raises(Problem) as past:
        publishing.publish(draft.id, reviewer, now() - dt.timedelta(days=1))
    assert past.value.status == 422
    publishing.publish(draft.id, reviewer, tomorrow)
    assert store.item(item.code).number == 1
    assert store.item(item.code, tomorrow).item.summary == {"zh": "从明天起"}


def test_mistakes_keep_a_draft_from_review(client: Client, item: ServiceItem, writer: Account) -> None:
    client.force_login(writer)
    draft = publishing.begin(Sort.ITEM, item.code, writer)
    bad = whole()
    bad["limits"]["promised"] = {"amount": 60, "unit": "working_days"}
    bad["authority"]["uscc"] = "11990000MA0000001X"
    answer = client.post(
        f"/desk/items/drafts/{draft.id}/edit?as=json", {"content": json.dumps(bad), "revision": draft.revision}
    )
    assert answer.status_code == 302
    page = client.get(answer["Location"], headers=ZH).content.decode()
    assert "承诺时限超过了法定时限" in page
    assert "不是有效的统一社会信用代码" in page
    assert 'value="submit"' not in page
    client.post(f"/desk/items/drafts/{draft.id}/act", {"action": "submit"})
    draft.refresh_from_db()
    assert draft.state == VersionState.DRAFT


def test_two_writers_do_not_overwrite_each_other(client: Client, item: ServiceItem, writer: Account) -> None:
    client.force_login(writer)
    draft = publishing.begin(Sort.ITEM, item.code, writer)
    body = {"content": json.dumps(whole(summary={"zh": "甲"})), "revision": draft.revision}
    assert client.post(f"/desk/items/drafts/{draft.id}/edit?as=json", body).status_code == 302
    late = {"content": json.dumps(whole(summary={"zh": "乙"})), "revision": draft.revision}
    assert client.post(f"/desk/items/drafts/{draft.id}/edit?as=json", late).status_code == 409
    draft.refresh_from_db()
    assert draft.content["summary"] == {"zh": "甲"}
    broken = client.post(f"/desk/items/drafts/{draft.id}/edit?as=json", {"content": "{", "revision": draft.revision})
    assert broken.status_code == 422


def test_tables_come_in_as_drafts(client: Client, item: ServiceItem, writer: Account) -> None:
    client.force_login(writer)
    changed = reading.read(whole(summary={"zh": "经由表格"}))
    new = reading.read(whole(code="another_item", name={"zh": "另一事项"}))
    file = SimpleUploadedFile("items.xlsx", workbook.write([changed, new]))
    assert client.post("/desk/items/import", {"file": file}).status_code == 302
    assert {one.item.code for one in ItemVersion.objects.filter(state=VersionState.DRAFT)} == {
        "sample_item",
        "another_item",
    }
    assert store.item("sample_item").item.summary["zh"] == "文"
    wrong = client.post("/desk/items/import", {"file": SimpleUploadedFile("x.xlsx", b"nothing")}, headers=ZH)
    assert wrong.status_code == 422
    given = client.get("/desk/items/export")
    assert [one.code for one in workbook.read(given.content)] == ["sample_item"]


def test_a_status_needs_its_reason(client: Client, item: ServiceItem, reviewer: Account) -> None:
    client.force_login(reviewer)
    where = f"/desk/items/item/{item.code}/status"
    client.post(where, {"status": Status.SUSPENDED.value})
    assert ServiceItem.objects.get().status == Status.IN_USE
    client.post(where, {"status": Status.SUSPENDED.value, "note.zh": "系统维护"})
    assert (store.item(item.code).in_use, store.item(item.code).status_note) == (False, {"zh": "系统维护"})


@pytest.mark.parametrize(
    "path", ["/desk/items", "/desk/items/item/sample_item", "/desk/items/export", "/desk/items/import"]
)
def test_the_desk_is_for_those_who_hold_the_right(client: Client, item: ServiceItem, path: str) -> None:
    assert client.get(path).status_code == 302
    client.force_login(person("somebody", "cases.view"))
    assert client.get(path).status_code == 403


def test_the_database_itself_guards_what_is_published(item: ServiceItem, writer: Account, app_role: None) -> None:
    row = ItemVersion.objects.get(item=item)
    with acting_as(writer.id):
        assert ItemVersion.objects.filter(id=row.id).update(comment="x") == 0
        draft = publishing.begin(Sort.ITEM, item.code, writer)
    with acting_as(None):
        assert ItemVersion.objects.filter(id=draft.id).count() == 0
        assert ItemVersion.objects.filter(id=row.id).count() == 1
        with pytest.raises(DatabaseError), transaction.atomic():
            ServiceItem.objects.create(code="smuggled")
