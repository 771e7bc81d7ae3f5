"""The residents' portal: found, shown in both languages, complete without scripts; what is not in force is not there."""

import re

import pytest
from django.test import Client

from onecity.domains.services.items import publishing, shipped, slots
from onecity.domains.services.items.casetypes import HELP
from onecity.domains.services.items.logic import reading
from onecity.domains.services.items.models import ItemVersion, ServiceItem, Sort, Status
from onecity.domains.services.items.tests.test_item import sample
from onecity.kernel.cases import service as cases
from onecity.kernel.cases.models import Case
from onecity.kernel.people.models import Account
from onecity.kernel.places.models import Division

pytestmark = pytest.mark.django_db
ZH = {"accept-language": "zh-CN"}
EN = {"accept-language": "en"}


FEW = frozenset(
    [
        "birth_registration",
        "marriage_registration",
        "identity_card",
        "birth_certificate",
        "newborn_medical",
        "vaccination_certificate",
        "social_security_card",
        "maternity_allowance",
        "newborn",
        "opening_restaurant",
        "individual_business",
        "food_permit",
        "public_rental",
        "starting_company",
        "company_establishment",
    ]
)


@pytest.fixture
def catalogue() -> None:
    shipped.install(FEW)


def text(client: Client, path: str, headers: dict[str, str] = ZH, status: int = 200) -> str:
    answer = client.get(path, headers=headers)
    assert answer.status_code == status
    return answer.content.decode()


@pytest.mark.usefixtures("catalogue")
def test_the_start_page_opens_on_the_search_and_leads_everywhere(client: Client) -> None:
    page = text(client, "/")
    assert page.index('name="q"') < page.index("人生大事") < page.index("按主题")
    assert page.count("<h1") == 1
    assert "您要办什么事？" in page
    assert '/services/things/newborn"' in page
    assert "/services?theme=housing" in page
    assert "style=" not in page
    english = text(client, "/?for=company", EN)
    assert "Starting a company" in english
    assert "/services/things/opening_restaurant" in english


@pytest.mark.usefixtures("catalogue")
def test_a_search_says_why_it_found_something(client: Client) -> None:
    page = text(client, "/services?q=给孩子上户口")
    assert re.search(r'href="/services/(things/newborn|birth_registration)"', page)
    assert "<mark>" in page
    nothing = text(client, "/services?q=qqqqqqqqqq")
    assert "没有找到相符的服务" in nothing
    assert 'href="tel:12345"' in nothing
    assert "出生登记" in text(client, "/search?q=上户口")


@pytest.mark.usefixtures("catalogue")
def test_what_is_typed_is_shown_as_text(client: Client) -> None:
    page = text(client, "/services?q=<script>alert(1)</script>")
    assert "<script>alert" not in page
    assert "&lt;script&gt;" in page
    assert client.get("/services?q=%00").status_code == 422


@pytest.mark.usefixtures("catalogue")
def test_a_page_says_everything_in_the_order_of_the_questions(client: Client) -> None:
    page = text(client, "/services/birth_registration")
    heads = ["能得到什么", "我能办吗", "需要什么", "去哪办、什么时间", "常见问题", "完整办事要素"]
    places = [page.index(f">{head}<") for head in heads]
    assert places == sorted(places)
    for said in (
        "秒办",
        "不收费",
        "出生医学证明",
        "无需您提交",
        "中华人民共和国户口登记条例",
        "第七条",
        "3 个工作日",
        "12345",
        "119900",
    ):
        assert said in page, said
    english = text(client, "/services/identity_card", EN)
    for said in ("Identity card", "20 yuan", "1 trip", "Fingerprints and a photograph are taken", "Promised"):
        assert said in english, said


def test_all_of_it_is_installed_once_and_has_its_page_in_both_languages(client: Client) -> None:
    assert len(shipped.install()) == len(shipped.contents())
    before = ItemVersion.objects.count()
    assert shipped.install() == []
    assert ItemVersion.objects.count() == before
    for entry in ServiceItem.objects.exclude(sort=Sort.TABLE):
        where = "things/" if entry.sort == Sort.BUNDLE else ""
        for headers in (ZH, EN):
            assert "{" not in re.sub(
                r"<script.*?</script>", "", text(client, f"/services/{where}{entry.code}", headers), flags=re.DOTALL
            )


def test_an_unknown_service_is_told_with_a_way_on(client: Client) -> None:
    answer = client.get("/services/nothing_like_that", headers={"accept": "text/html", **ZH})
    assert answer.status_code == 404
    assert "没有这项服务" in answer.content.decode()


@pytest.mark.usefixtures("catalogue")
def test_what_is_suspended_says_why_and_cannot_be_begun(client: Client, django_user_model: type[Account]) -> None:
    account = django_user_model.objects.create_user("clerk")
    entry = ServiceItem.objects.get(code="marriage_registration")
    publishing.set_status(entry.id, account, Status.SUSPENDED, {"zh": "系统升级，周一恢复", "en": "Back on Monday"})
    page = text(client, "/services/marriage_registration")
    assert "系统升级，周一恢复" in page
    assert '/apply/marriage_registration"' not in page
    publishing.set_status(entry.id, account, Status.CANCELLED, {"zh": "已取消"})
    assert client.get("/services/marriage_registration").status_code == 404


@pytest.mark.usefixtures("catalogue")
def test_help_opens_one_case_however_often_it_is_sent(client: Client) -> None:
    Division.objects.create(tree="adm", code="990100", name="区", level="district", path="adm/990100/", lon=121, lat=30)
    cases.publish(HELP)
    page = text(client, "/services/help?item=birth_registration")
    key = re.search(r'name="key" value="([0-9a-f-]+)"', page)
    assert key is not None
    sent = {"text": "孩子没有出生证怎么办", "key": key.group(1), "name": "", "phone": ""}
    answers = [client.post("/services/help?item=birth_registration", sent) for _time in range(2)]
    assert [answer.status_code for answer in answers] == [302, 302]
    case = Case.objects.get(type_name="service_help")
    assert case.description == "【出生登记（新生儿落户）】孩子没有出生证怎么办"
    assert answers[1]["Location"] == f"/report/{case.number}?new=1"
    assert client.post("/services/help", {"text": "", "key": key.group(1)}).status_code == 422


@pytest.mark.usefixtures("catalogue")
def test_my_things_come_from_whoever_knows_of_some(client: Client, django_user_model: type[Account]) -> None:
    account = django_user_model.objects.create_user("resident-of-test")
    entry = slots.Entry("出生登记", "/my/applications/1", badge="办理中", tone="accent")

    def provider(who: Account) -> slots.Slot:
        return slots.Slot(running=[entry]) if who.id == account.id else slots.Slot()

    slots.add(provider)
    try:
        client.force_login(account)
        page = text(client, "/")
    finally:
        slots.remove(provider)
    assert page.index("我的事") < page.index('href="/my/applications/1"') < page.index("人生大事")
    assert "办理中" in page


def test_the_large_type_is_one_press_away(client: Client) -> None:
    assert 'name="size" value="large"' in text(client, "/")
    client.post("/preferences", {"size": "large", "next": "/"})
    page = text(client, "/")
    assert 'data-size="large"' in page
    assert "标准版" in page


def test_what_a_clerk_writes_is_never_run(client: Client) -> None:
    evil = {"zh": "<img src=x onerror=alert(1)>", "en": "<b>x</b>"}
    content = reading.write(
        reading.read(
            sample(
                name=evil,
                summary=evil,
                faq=[{"question": evil, "answer": evil}],
                conditions=[{"text": evil}],
                materials=[{"key": "a", "name": evil, "guidance": evil}],
                results=[{"kind": "3", "name": evil}],
                places=[{"name": evil, "address": evil, "hours": evil, "phone": '"><script>alert(1)</script>'}],
                words=["坏东西"],
            )
        )
    )
    publishing.install(Sort.ITEM, "sample_item", content)
    for path in ("/services/sample_item", "/services", "/services?q=坏东西", "/search?q=坏东西"):
        page = text(client, path)
        assert "<img src=x" not in page
        assert "<script>alert" not in page
    assert "&lt;img src=x" in text(client, "/services/sample_item")
