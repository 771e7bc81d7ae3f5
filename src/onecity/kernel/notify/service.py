"""Tells people: accepts a message in the caller's transaction, so that it is neither lost nor told of what did not happen."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.db import transaction

from onecity.kernel.core.clock import now
from onecity.kernel.core.ids import new_id
from onecity.kernel.notify import channels, feed, tasks, words
from onecity.kernel.notify.channels import INAPP
from onecity.kernel.notify.models import Delivery, Message
from onecity.kernel.people.models import Account

EMAIL = "email"


@dataclass(frozen=True, slots=True)
class Notice:
    """A message to one account. `key` names the occasion: the same occasion is told once. `link`: where to look."""

    account_id: UUID
    template: str
    context: Mapping[str, Any]
    key: str
    link: str = ""
    channels: tuple[str, ...] = field(default=(INAPP, EMAIL))


def send(
    to: UUID | str,
    template: str,
    context: Mapping[str, Any],
    *,
    key: str = "",
    link: str = "",
    channels: Sequence[str] = (INAPP, EMAIL),
    language: str = "zh-hans",
) -> None:
    """Tell an account, or an e-mail address; returns once the message is accepted with the caller's transaction.

    `key` makes a repeated call tell it once; `language` is that of an address, an account knows its own. Raises ValueError for an unknown template or channel.
    """
    occasion = key or str(new_id())
    if isinstance(to, UUID):
        send_many([Notice(to, template, context, occasion, link, tuple(channels))])
        return
    words.check(template)
    delivery = Delivery(
        key=f"{EMAIL}:{to}:{occasion}", channel=EMAIL, address=to, language=language, template=template,
        context=dict(context), link=link,
    )  # fmt: skip
    _accept([delivery])


@transaction.atomic
def send_many(notices: Iterable[Notice]) -> int:
    """Tell many accounts; the number of statements does not grow with theirs. Returns how many notices were given."""
    wanted = list(notices)
    for notice in wanted:
        words.check(notice.template)
        channels.check(notice.channels)
    if not wanted:
        return 0
    accounts = Account.objects.in_bulk({n.account_id for n in wanted})
    inbox = [
        Message(
            account_id=n.account_id, key=n.key, template=n.template, context=dict(n.context), link=n.link,
            created_at=now(),
        )
        for n in wanted
        if INAPP in n.channels and n.account_id in accounts
    ]  # fmt: skip
    Message.objects.bulk_create(inbox, ignore_conflicts=True, batch_size=1000)
    told = dict.fromkeys(m.account_id for m in inbox)
    feed.publish_many(feed.Change("message", "", "", account_id=account) for account in told)
    _accept(
        Delivery(
            key=f"{channel}:{n.account_id}:{n.key}", channel=channel, account_id=n.account_id, address=address,
            language=account.language, template=n.template, context=dict(n.context), link=n.link,
        )
        for n in wanted
        if (account := accounts.get(n.account_id)) is not None and account.is_active
        for channel in n.channels
        if channel != INAPP and (address := channels.address_of(channel, account))
    )  # fmt: skip
    return len(wanted)


def _accept(deliveries: Iterable[Delivery]) -> None:
    rows = list(deliveries)
    if rows:
        Delivery.objects.bulk_create(rows, ignore_conflicts=True, batch_size=1000)
        tasks.wake()
