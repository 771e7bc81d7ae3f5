"""The desk's list of subscriptions in both languages: how each fares, and no secret of its receiver."""

import pytest
from django.test import Client

from onecity.kernel.access.models import Grant
from onecity.kernel.core.clock import now
from onecity.kernel.people.models import Account
from onecity.kernel.twin.models import Delivery, Subscription

pytestmark = pytest.mark.django_db


def client_for(permission: str, language: str) -> Client:
    account = Account.objects.create(username="editor")
    Grant.objects.create(account_id=account.id, permission=permission, path="adm/", valid_from=now())
    client = Client(headers={"accept-language": language})
    client.force_login(account)
    return client


def subscribed() -> Subscription:
    endpoint = {"uri": "mqtt://user:secret@broker.example/city", "receiverInfo": [{"key": "A", "value": "token-4711"}]}
    document = {"subscriptionName": "Neighbours", "notification": {"endpoint": endpoint}}
    one = Subscription.objects.create(urn="urn:s:1", owner="anonymous", division_path="adm/1/", document=document)
    Delivery.objects.filter(pk=one.id).update(
        times_sent=7, times_failed=3, dropped=1, status="failed", error="no answer within 10 s"
    )
    return one


@pytest.mark.parametrize(
    ("language", "words"), [("en", ("active", "given up: 1")), ("zh-hans", ("生效中", "已放弃：1"))]
)
def test_the_list_tells_how_each_fares(language: str, words: tuple[str, str]) -> None:
    subscribed()
    text = client_for("entities.edit", language).get("/desk/subscriptions").content.decode()
    for word in (*words, "Neighbours", "mqtt://broker.example:1883/city", "no answer within 10 s"):
        assert word in text
    assert "secret" not in text
    assert "token-4711" not in text


def test_who_may_not_edit_sees_no_list() -> None:
    subscribed()
    assert client_for("entities.view", "en").get("/desk/subscriptions").status_code == 403
