"""A person's inbox: the messages in his language, how many are unread, and marking them as read."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from django.utils import translation

from onecity.kernel.core.clock import now
from onecity.kernel.notify import words
from onecity.kernel.notify.models import Message
from onecity.kernel.people.models import Account

MOST = 100


@dataclass(frozen=True)
class Letter:
    """One message in words."""

    message: Message
    subject: str
    body: str


@dataclass(frozen=True)
class Page:
    """Messages, newest first; `before` is where the next page begins, empty at the end."""

    letters: tuple[Letter, ...]
    before: str


def page(account: Account, *, before: UUID | None = None, unread_only: bool = False, limit: int = 30) -> Page:
    """One page of the inbox in the language that is active."""
    limit = max(1, min(limit, MOST))
    rows = Message.objects.filter(account_id=account.id).order_by("-id")
    if unread_only:
        rows = rows.filter(read_at__isnull=True)
    if before is not None:
        rows = rows.filter(id__lt=before)
    found = list(rows[: limit + 1])
    language = translation.get_language() or account.language
    letters = [_letter(message, language) for message in found[:limit]]
    return Page(tuple(letters), str(found[limit - 1].id) if len(found) > limit else "")


def unread(account: Account) -> int:
    """How many messages have not been read; counting stops at 1000."""
    return Message.objects.filter(account_id=account.id, read_at__isnull=True)[:1000].count()


def mark_read(account: Account, ids: Sequence[UUID] | None = None) -> int:
    """Mark messages (None: all) of this account as read; returns how many were not."""
    rows = Message.objects.filter(account_id=account.id, read_at__isnull=True)
    if ids is not None:
        rows = rows.filter(id__in=ids)
    return rows.update(read_at=now())


def _letter(message: Message, language: str) -> Letter:
    text = words.render(message.template, message.context, language)
    return Letter(message, text.subject, text.body)
