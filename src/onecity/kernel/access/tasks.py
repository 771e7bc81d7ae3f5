"""Background work of access: old counts of attempts go, and other systems are told when a sign-in ended."""

from typing import Any
from uuid import UUID

from django.contrib.auth.signals import user_logged_out
from django.dispatch import receiver
from django.http import HttpRequest
from procrastinate import RetryStrategy
from procrastinate.contrib.django import app

from onecity.kernel.access import single_sign_out, throttle
from onecity.kernel.people.models import Account


@app.periodic(cron="41 3 * * *")
@app.task(name="access.forget", queueing_lock="access.forget")
def forget(timestamp: int = 0) -> int:  # noqa: ARG001 - the scheduler passes it
    """Forget attempts of yesterday."""
    return throttle.forget()


class NotTaken(RuntimeError):  # noqa: N818 - a reason to try again, shown in the list of jobs
    """The other system did not take the news."""


@app.task(name="access.tell_signed_out", retry=RetryStrategy(max_attempts=9, exponential_wait=4))
def tell_signed_out(session: str) -> None:
    """Tell one system that a sign-in ended; again after 4, 16, 64 seconds and so on, for about a day and a half."""
    if not single_sign_out.tell(UUID(session)):
        raise NotTaken(session)


@receiver(user_logged_out)
def signed_out(request: HttpRequest | None, user: Any, **_more: Any) -> None:
    """End what was reached from this sign-in, in the same transaction as the sign-in itself."""
    key = getattr(getattr(request, "session", None), "session_key", None)
    if isinstance(user, Account) and key:
        for session in single_sign_out.ended(user, key):
            tell_signed_out.defer(session=str(session))
