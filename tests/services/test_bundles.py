"""One thing of several items: one form, parallel parts, one clock; a refusal of one leaves the others."""

import datetime as dt
import re

import pytest
from django.test import Client

from onecity.domains.services.applying import bundling, drafting, kinds, settling
from onecity.domains.services.applying.models import Application, Decision
from onecity.domains.services.items import shipped
from onecity.kernel.cases import acting
from onecity.kernel.cases.models import Case
from onecity.kernel.people.models import Account
from onecity.kernel.records.certificates import issuing, types
from onecity.kernel.records.certificates.issuing import Holder, IssueRequest
from onecity.kernel.records.models import Certificate
from tests.services.conftest import USCC, District

pytestmark = pytest.mark.django_db
PARTS = (
    "birth_certificate", "birth_registration", "newborn_medical", "vaccination_certificate", "social_security_card",
    "maternity_allowance",
)  # fmt: skip
SAID = {
    "child_name": "小宝", "born_on": "2026-06-20", "with": "mother", "bank": "icbc", "deliver_to": "人民路1号",
    "account": "6222021234567890", "leave_from": "2026-06-10",
}  # fmt: skip


def install() -> None:
    contents = {(one.sort.value, one.code) for one in shipped.contents()}
    wanted = {code for _sort, code in contents if code in PARTS or code == "newborn"}
    assert shipped.install(wanted)


def birth_certificate(account: Account, district: District) -> None:
    """The hospital has issued the birth certificate already."""
    if "birth_certificate" not in types.titles():
        types.install(kinds.shipped_certificates()["birth_certificate"])
    mother = district.registers.population.persona("mother")
    holder = Holder("person", mother.name, mother.number, account.id)
    issuing.issue(IssueRequest("birth_certificate", holder, USCC, "test:birth"), issued_by=None)


def ready(account: Account) -> drafting.Work:
    draft = drafting.begin(account, "newborn", bundle=True)
    work = drafting.open_draft(draft.id, account)
    drafting.choose_parts(work, ["maternity_allowance"])
    drafting.answer(work, list(SAID), SAID)
    drafting.commit(work, [one.key for one in work.item.materials if one.commitment])
    for one in drafting.materials(work):
        if one.open:
            drafting.add_file(work, one.key, "材料.pdf", b"%PDF-1.4\n1 0 obj\nendobj\n%%EOF\n")
    return work


def states(parent: Case) -> dict[str, str]:
    rows = Application.objects.filter(parent_id=parent.id)
    return {one.item_code: one.outcome or one.person or "waiting" for one in rows}


def test_a_mother_is_done_in_one_go_with_all_that_rules_decide(district: District) -> None:
    install()
    account = district.resident("mother")
    birth_certificate(account, district)
    work = ready(account)
    held = {one.published.code: one.held for one in bundling.parts(work)}
    assert held["birth_certificate"]
    parent = bundling.send(work)
    assert bundling.send(work).id == parent.id
    settling.settle_bundle(parent)
    found = states(parent)
    assert "birth_certificate" not in found
    assert found["birth_registration"] == "issued"
    # what follows the registration was decided after it, in the same go
    assert found["social_security_card"] == "issued"
    assert found["vaccination_certificate"] == "issued"
    assert {one.type_code for one in Certificate.objects.filter(account_id=account.id)} >= {
        "household_register", "social_security_card", "vaccination_record",
    }  # fmt: skip
    parts = Case.objects.defer("search").filter(parent=parent)
    assert {one.source_key for one in parts} == {f"application:{work.draft.id}:{code}" for code in found}
    parent.refresh_from_db(fields=["state", "closed_at", "final_deadline"])
    assert parent.state == ("issued" if all(state == "issued" for state in found.values()) else "submitted")
    assert parent.final_deadline is not None
    assert parent.final_deadline > parent.opened_at + dt.timedelta(days=9)


def test_a_refused_part_leaves_the_others(district: District) -> None:
    install()
    account = district.resident("mother")
    parent = bundling.send(ready(account))
    settling.settle_bundle(parent)
    assert states(parent)["birth_registration"] == bundling.AFTER
    first = Application.objects.get(parent_id=parent.id, item_code="birth_certificate")
    acting.act(first.case_id, "refuse", None, "接生机构未报送")
    Application.objects.filter(id=first.id).update(outcome="refused")
    settling.go_on()
    found = states(parent)
    assert found["birth_registration"] == bundling.BEFORE_REFUSED
    assert Decision.objects.filter(application__item_code="birth_registration").count() == 0
    running = Case.objects.defer("search").filter(parent=parent, closed_at__isnull=True)
    assert running.count() == len(found) - 1
    parent.refresh_from_db(fields=["state"])
    assert parent.state == "submitted"


def test_a_mother_does_it_on_her_phone_as_the_webs_own_role(district: District, request: pytest.FixtureRequest) -> None:
    install()
    account = district.resident("mother")
    birth_certificate(account, district)
    request.getfixturevalue("app_role")
    client = Client()
    client.force_login(account)
    assert "出生一件事" in client.get("/apply/things/newborn").content.decode()
    base = client.post("/apply/things/newborn")["Location"]
    page = client.get(f"{base}/parts").content.decode()
    assert "您已有，无需办理" in page
    assert client.post(f"{base}/parts", {"part": ["maternity_allowance"]}).status_code == 302
    assert "无需提交" in client.get(f"{base}/known").content.decode()
    client.post(f"{base}/known", {})
    for number in range(2):
        sent = {f"answer.{name}": value for name, value in SAID.items()}
        assert client.post(f"{base}/form-{number}", sent).status_code == 302
    papers = client.get(f"{base}/papers").content.decode()
    keys = re.findall(r'name="commit" value="([a-z_]+)"', papers)
    assert client.post(f"{base}/papers", {"commit": keys}).status_code == 302
    answer = client.post(f"{base}/check", {})
    assert answer.status_code == 302, answer.content.decode()
    whole = client.get(answer["Location"]).content.decode()
    assert "出生登记" in whole
    assert whole.count("已办结") >= 3
    part = re.search(r"/my/applications/\d{4}-\d{6}", whole.partition('class="list"')[2])
    assert part is not None
    assert client.get(part.group(0)).status_code == 200
    assert "居民户口簿" in client.get("/my/certificates").content.decode()
