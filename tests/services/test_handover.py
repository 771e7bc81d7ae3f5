"""Fees and letters: paid once whatever is notified twice, issued when paid, sent once, followed until it has arrived."""

import datetime as dt
import re
from collections.abc import Callable

import pytest
from django.test import Client

from onecity.domains.services.applying import delivering, entitling, filing, following, granting, paying, settling
from onecity.domains.services.applying.delivering import Where
from onecity.domains.services.applying.models import Application, Delivery, Payment
from onecity.kernel.cases import acting
from onecity.kernel.cases.models import Case
from onecity.kernel.core.clock import FixedClock
from onecity.kernel.core.errors import Problem
from onecity.kernel.records.models import Certificate
from tests.services.conftest import ALLOWANCE, District
from tests.services.test_applying import ready

pytestmark = pytest.mark.django_db
FEE = {
    "name": {"zh": "工本费", "en": "Fee"}, "standard": {"zh": "每证10元", "en": "10 yuan"}, "basis": {"zh": "收费目录", "en": ""},
    "amount": 10.0,
}  # fmt: skip


def test_what_costs_money_is_issued_when_it_was_paid_and_paid_once(
    district: District, offer: Callable[..., None]
) -> None:
    offer(fees=[FEE])
    account, clerk = district.resident("pensioner"), district.clerk()
    application = filing.send(ready(account))
    settling.settle([application])
    application.refresh_from_db()
    assert (application.outcome, application.person) == ("", "fee")
    acting.act(application.case_id, "accept", clerk)
    acting.act(application.case_id, "approve", clerk)
    assert granting.follow() == 0
    payment = Payment.objects.get()
    assert (str(payment.amount), payment.state, Certificate.objects.count()) == ("10.00", "due", 0)
    provider = paying.Sandbox()
    failed = provider.notice(payment, "failed")
    paying.notified(failed)
    payment.refresh_from_db()
    assert payment.state == "failed"
    forged = {**provider.notice(payment, "failed"), "outcome": "paid"}
    with pytest.raises(Problem) as raised:
        paying.notified(forged)
    assert raised.value.status == 403
    notice = provider.notice(payment, "paid")
    for _time in range(2):
        assert paying.notified(notice).state == "paid"
    assert Payment.objects.get().tries == 2
    assert granting.follow() == 1
    assert Certificate.objects.count() == 1


def test_a_letter_is_sent_once_and_followed(district: District, offer: Callable[..., None], clock: FixedClock) -> None:
    offer(channels={"forms": ["1", "2"], "post": True})
    account = district.resident("pensioner")
    application = filing.send(ready(account))
    item = following.course(account, Case.objects.get(id=application.case_id).number).published.item
    home = Where("何女士", "13900000000", "人民路1号")
    with pytest.raises(Problem):
        delivering.want(application, item, home)
    settling.settle([application])
    application = Application.objects.get()
    with pytest.raises(Problem):
        delivering.want(application, item, Where("", "1", "x" * 300))
    first = delivering.want(application, item, home)
    assert delivering.want(application, item, Where("别人", "1", "别处")).id == first.id
    assert delivering.carry() == 1
    assert delivering.carry() == 0
    first.refresh_from_db()
    assert (first.state, first.carrier, first.address) == ("sent", "sandbox", "人民路1号")
    clock.advance(dt.timedelta(days=2))
    assert delivering.carry() == 1
    assert Delivery.objects.get().state == "delivered"


def test_what_is_due_is_confirmed_paid_for_nothing_and_sent_home_as_the_webs_own_role(
    district: District, offer: Callable[..., None], request: pytest.FixtureRequest
) -> None:
    offer(form={**ALLOWANCE["form"], "required": []}, channels={"forms": ["1", "2"], "post": True})
    account = district.resident("pensioner")
    district.resident("veteran")
    assert entitling.look() == 2
    request.getfixturevalue("app_role")
    client, stranger = Client(), Client()
    client.force_login(account)
    stranger.force_login(district.made["veteran"])
    page = client.get("/my").content.decode()
    assert "您可以享受：高龄津贴申领" in page
    yes = re.search(r"/my/offers/[0-9a-f-]{36}/yes", page)
    assert yes is not None
    assert stranger.post(yes.group(0)).status_code == 404
    first, second = client.post(yes.group(0))["Location"], client.post(yes.group(0))["Location"]
    assert first == second
    assert "已批准，办结" in client.get(first).content.decode()
    address = first.partition("?")[0]
    sent = {"name": "何女士", "phone": "13900000000", "address": "<b>人民路1号</b>"}
    assert stranger.post(f"{address}/post", sent).status_code == 404
    assert client.post(f"{address}/post", sent).status_code == 302
    page = client.get(address).content.decode()
    assert "&lt;b&gt;人民路1号&lt;/b&gt;" in page
    assert "您可以享受" not in client.get("/my").content.decode()
