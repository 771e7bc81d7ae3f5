"""The port through which messages leave the platform, and its first channel: e-mail."""

import smtplib
from collections.abc import Mapping, Sequence
from typing import Protocol

from django.conf import settings
from django.core.mail import EmailMessage

from onecity.kernel.notify import words
from onecity.kernel.notify.models import Delivery
from onecity.kernel.people.models import Account

INAPP = "inapp"


class RefusedError(Exception):
    """The other side answered that it will never take this message."""


class LaterError(Exception):
    """It could not be handed over now; another attempt may succeed."""


class Channel(Protocol):
    """A way out of the platform."""

    def address_of(self, account: Account) -> str:
        """Where this account is reached; empty when nowhere."""
        ...

    def deliver(self, delivery: Delivery, text: words.Words) -> str:
        """Hand over one message; returns the other side's answer, raises RefusedError or LaterError."""
        ...


class Email:
    """E-mail through Django's configured server."""

    def address_of(self, account: Account) -> str:
        """The account's e-mail address."""
        return account.email

    def deliver(self, delivery: Delivery, text: words.Words) -> str:
        """Send one message; its Message-ID stays the same over all attempts."""
        domain = settings.DEFAULT_FROM_EMAIL.rpartition("@")[2].strip(">") or "localhost"
        link = f"\n\n{settings.ONECITY_BASE_URL}{delivery.link}" if delivery.link else ""
        message = EmailMessage(
            subject=" ".join(text.subject.split()),
            body=f"{text.body}{link}\n",
            to=[delivery.address],
            headers={"Message-ID": f"<{delivery.id}@{domain}>", "Auto-Submitted": "auto-generated"},
        )
        try:
            message.send()
        except smtplib.SMTPRecipientsRefused as error:
            codes = {code for code, _answer in error.recipients.values()}
            raise (RefusedError if min(codes) >= 500 else LaterError)(str(error.recipients)) from error
        except smtplib.SMTPResponseException as error:
            kind = RefusedError if error.smtp_code >= 500 else LaterError
            raise kind(f"{error.smtp_code} {error.smtp_error!r}") from error
        except (smtplib.SMTPException, OSError) as error:
            raise LaterError(f"{type(error).__name__}: {error}") from error
        return "250"


CHANNELS: Mapping[str, Channel] = {"email": Email()}


def check(names: Sequence[str]) -> None:
    """Raise ValueError for a channel that does not exist."""
    unknown = [name for name in names if name != INAPP and name not in CHANNELS]
    if unknown:
        raise ValueError(f"there is no channel {', '.join(map(repr, unknown))}: {', '.join([INAPP, *CHANNELS])}")


def address_of(channel: str, account: Account) -> str:
    """Where this account is reached through the channel; empty when nowhere."""
    return CHANNELS[channel].address_of(account)
