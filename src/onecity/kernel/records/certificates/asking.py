"""How often somebody may verify from one address: enough for a counter with a queue, too little to try numbers out."""

import datetime as dt
from collections.abc import Callable
from typing import Final

from django.http import HttpRequest

from onecity.kernel.access import policy, throttle
from onecity.kernel.access.throttle import Limit
from onecity.kernel.people.models import Account
from onecity.kernel.records.certificates import verifying
from onecity.kernel.records.certificates.verifying import Asked, Verdict

LOOKS: Final = Limit("verify", 600, dt.timedelta(minutes=10))
MISSES: Final = Limit("verify-miss", 20, dt.timedelta(hours=1))
FILES: Final = Limit("verify-file", 60, dt.timedelta(minutes=10))
OF_STAFF: Final = 10


def number(request: HttpRequest, text: str) -> Verdict:
    """Verify by number; raises Problem 429 where too many were asked from here, or too many that do not exist."""
    return _ask(request, LOOKS, lambda: verifying.verify_number(text))


def token(request: HttpRequest, text: str, asked: Asked | None = None) -> Verdict:
    """Verify signed data; raises as `number`: a forgery may carry a number that somebody tries out."""
    return _ask(request, LOOKS, lambda: verifying.verify_token(text, asked))


def file(request: HttpRequest, data: bytes) -> Verdict:
    """Verify a file; raises as `number`."""
    return _ask(request, FILES, lambda: verifying.verify_file(data))


def _ask(request: HttpRequest, limit: Limit, verify: Callable[[], Verdict]) -> Verdict:
    who, times = _who(request)
    _take(limit, who, times)
    _take(MISSES, who, times, 0)
    verdict = verify()
    if verdict.shown is None:
        # counted only: the answer to this one is given, the next is refused
        _count(MISSES, who)
    return verdict


def _who(request: HttpRequest) -> tuple[str, int]:
    if isinstance(request.user, Account):
        return str(request.user.id), OF_STAFF if policy.held(request.user) else 1
    return throttle.address_of(request), 1


def _take(limit: Limit, who: str, times: int, amount: int = 1) -> None:
    throttle.take(Limit(limit.name, limit.most * times, limit.period), who, amount)


def _count(limit: Limit, who: str) -> None:
    throttle.take(Limit(limit.name, 2**31 - 1, limit.period), who)
