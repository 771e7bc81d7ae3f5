"""Saved filters: one's own only, the same list from the address, names once, bounded."""

import pytest
from django.test import Client

from onecity.kernel.access.session import acting_as
from onecity.kernel.cases import filters, service
from onecity.kernel.cases.models import SavedFilter
from onecity.kernel.cases.tests.conftest import Town, litter
from onecity.kernel.core.errors import Problem


def test_a_filter_keeps_what_narrows_and_nothing_else(town: Town) -> None:
    kept = filters.save(town["handler_a"], " 我的 红色 ", "?severity=red&scope=all&after=abc&x=1&q=井盖")
    assert (kept.name, kept.query) == ("我的 红色", "scope=all&q=%E4%BA%95%E7%9B%96&severity=red")
    again = filters.save(town["handler_a"], "我的 红色", "scope=mine")
    assert (again.id, again.query, SavedFilter.objects.count()) == (kept.id, "scope=mine", 1)


def test_nobody_reads_or_removes_those_of_another(town: Town, app_role: None) -> None:
    with acting_as(town["handler_a"].id):
        kept = filters.save(town["handler_a"], "红色", "severity=red")
    with acting_as(town["handler_b"].id):
        filters.remove(town["handler_b"], kept.id)
        assert filters.of(town["handler_b"]) == []
        assert not SavedFilter.objects.exists()
    with acting_as(town["handler_a"].id):
        assert [one.name for one in filters.of(town["handler_a"])] == ["红色"]


def test_no_name_too_long_and_too_many_are_refused(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(filters, "MOST", 1)
    filters.save(town["handler_a"], "一", "scope=all")
    for name, query in (("", "scope=all"), ("x" * 41, "scope=all"), ("二", "scope=all"), ("一", "q=" + "井" * 200)):
        with pytest.raises(Problem) as caught:
            filters.save(town["handler_a"], name, query)
        assert caught.value.status == 422
    assert [one.query for one in filters.of(town["handler_a"])] == ["scope=all"]


def test_the_list_offers_them_and_the_address_can_be_passed_on(town: Town, client: Client) -> None:
    service.open_case(litter(severity="red"))
    service.open_case(litter(title="井盖破损"))
    client.force_login(town["handler_a"])
    answer = client.post("/desk/cases/filters", {"name": "红色案件", "query": "scope=all&severity=red"})
    assert answer["Location"] == "/desk/cases?scope=all&severity=red"
    page = client.get(answer["Location"]).content.decode()
    assert "红色案件" in page
    assert "路口有暴露垃圾" in page
    assert "井盖破损" not in page
    client.force_login(town["second_a"])
    other = client.get(answer["Location"]).content.decode()
    assert "红色案件" not in other
    assert "路口有暴露垃圾" in other
    client.force_login(town["handler_a"])
    kept = SavedFilter.objects.get()
    assert client.post(f"/desk/cases/filters/{kept.id}/remove", {"query": "scope=all"}).status_code == 302
    assert not SavedFilter.objects.exists()
    client.force_login(town["nobody"])
    assert client.post("/desk/cases/filters", {"name": "x", "query": ""}).status_code == 403


@pytest.mark.parametrize("typed", ["暴露垃圾", "垃圾", "露垃", "路口 垃圾", "暴露的垃圾"])
def test_chinese_words_are_found_wherever_they_stand(town: Town, client: Client, typed: str) -> None:
    service.open_case(litter())
    service.open_case(litter(title="井盖破损"))
    client.force_login(town["handler_a"])
    page = client.get("/desk/cases", {"scope": "all", "running": "", "q": typed}).content.decode()
    assert ("路口有暴露垃圾" in page, "井盖破损" in page) == (typed != "暴露的垃圾", False)
