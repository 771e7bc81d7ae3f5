"""The desk page that says what goes when: counts by kind, the next cases, holds put and lifted there and on a case."""

import datetime as dt

import pytest
from django.test import Client

from onecity.kernel.cases import service, type_store
from onecity.kernel.cases.keeping.tests.test_forgetting import YEAR, ended, town
from onecity.kernel.cases.models import Hold
from onecity.kernel.cases.tests.conftest import MONDAY, VILLAGE_B, Town, clock, litter
from onecity.kernel.core.clock import FixedClock

__all__ = ["clock", "town"]


@pytest.fixture
def keeper(town: Town) -> Client:
    client = Client()
    client.force_login(town["verifier_a"])
    return client


def test_it_says_what_goes_and_lets_nobody_else_in(town: Town, clock: FixedClock, keeper: Client) -> None:
    page = keeper.get("/desk/keeping").content.decode()
    assert "一年内没有需要删除的信息" in page
    case = ended(town, clock)
    elsewhere = service.open_case(litter(division_path=VILLAGE_B))
    service.act(elsewhere.id, "cancel", None, "撤回")
    clock.set(MONDAY + 5 * YEAR - dt.timedelta(days=20))
    page = keeper.get("/desk/keeping").content.decode()
    assert case.number in page
    assert elsewhere.number not in page
    kind = type_store.in_force(["litter"], MONDAY)["litter"].title
    assert kind in page
    other = Client()
    other.force_login(town["handler_a"])
    assert other.get("/desk/keeping").status_code == 403
    assert other.post("/desk/keeping/hold", {"number": case.number, "reason": "x"}).status_code == 403


def test_a_hold_is_put_and_lifted(town: Town, clock: FixedClock, keeper: Client) -> None:
    case = ended(town, clock)
    wrong = keeper.post("/desk/keeping/hold", {"number": "2026-999999", "reason": "拆迁纠纷"})
    assert (wrong.status_code, Hold.objects.count()) == (422, 0)
    assert 'value="拆迁纠纷"' in wrong.content.decode()
    assert keeper.post("/desk/keeping/hold", {"number": case.number, "reason": ""}).status_code == 422
    assert keeper.post("/desk/keeping/hold", {"number": case.number, "reason": "拆迁纠纷"}).status_code == 302
    assert keeper.post("/desk/keeping/hold", {"number": case.number, "reason": "再"}).status_code == 409
    assert "拆迁纠纷" in keeper.get(f"/desk/cases/{case.id}").content.decode()
    held = Hold.objects.get()
    back = keeper.post(f"/desk/keeping/{held.id}/lift", {"back": "case"})
    assert back["Location"] == f"/desk/cases/{case.id}#keeping"
    assert keeper.post(f"/desk/keeping/{held.id}/lift").status_code == 409
    assert "拆迁纠纷" not in keeper.get("/desk/keeping").content.decode()
