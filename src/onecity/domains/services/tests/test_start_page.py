"""The parts of the domain together: what of services is mine stands on the start page, and all that ships is installed."""

import pytest
from django.db import connection
from django.test import Client

from onecity.domains.services import installing, mine
from onecity.domains.services.applying.models import Draft, Entitlement
from onecity.domains.services.items import publishing, shipped, store
from onecity.domains.services.items.models import Sort
from onecity.domains.services.items.tests.test_desk import person
from onecity.kernel.access.session import acting_as
from onecity.kernel.cases.models import CaseType
from onecity.kernel.people.models import Account

pytestmark = pytest.mark.django_db


@pytest.fixture
def account() -> Account:
    shipped.install({"birth_registration", "elder_allowance", "elder_allowance_entitled"})
    return Account.objects.create_user("drafting")


def test_drafts_and_offers_are_among_my_things(client: Client, account: Account) -> None:
    draft = Draft.objects.create(
        account_id=account.id, principal_id=account.id, item_code="birth_registration", item_number=1
    )
    Entitlement.objects.create(
        account_id=account.id, principal_id=account.id, item_code="elder_allowance", item_number=1
    )
    found = mine.slot(account)
    assert [(entry.title, entry.badge) for entry in found.due] == [
        ("老年综合津贴", "新"),
        ("出生登记（新生儿落户）", "草稿"),
    ]
    assert (found.running, found.held) == ([], [])
    client.force_login(account)
    page = client.get("/", headers={"accept-language": "zh-CN"}).content.decode()
    assert page.index("我的事项") < page.index('/my"') < page.index(f"/apply/draft/{draft.id}") < page.index("人生大事")


def test_nobody_sees_the_things_of_another(account: Account) -> None:
    other = Account.objects.create_user("other")
    Draft.objects.create(account_id=other.id, principal_id=other.id, item_code="birth_registration", item_number=1)
    assert mine.slot(account).due == []


def test_what_ships_is_installed_with_its_kinds_of_case() -> None:
    written = installing.run()
    assert len(written) == len(shipped.contents())
    assert installing.run() == []
    kinds = set(CaseType.objects.values_list("name", flat=True))
    assert {f"service_{code}" for code in store.items()} <= kinds


def test_whoever_publishes_an_item_publishes_its_kind_as_the_web_does(app_role: None) -> None:
    with connection.cursor() as cursor:
        cursor.execute("RESET ROLE")
    shipped.install({"marriage_registration"})
    writer, publisher = (
        person(name, "items.view", "items.edit", "items.publish") for name in ("writer-1", "publisher-1")
    )
    with connection.cursor() as cursor:
        cursor.execute("SET ROLE onecity_app")
    with acting_as(writer.id):
        draft = publishing.begin(Sort.ITEM, "marriage_registration", writer)
        content = dict(draft.content, summary={"zh": "新的说明", "en": "New"})
        draft = publishing.write(draft.id, writer, draft.revision, content)
        publishing.submit(draft.id, writer)
    with acting_as(publisher.id):
        publishing.approve(draft.id, publisher)
        made = publishing.publish(draft.id, publisher)
    assert made.number == 2
    assert CaseType.objects.filter(name="service_marriage_registration").count() == 2
