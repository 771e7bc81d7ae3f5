"""How often somebody may try something in a span of time, counted for all web processes together.

For doors without sign-in: guessing codes, filing reports, sending pictures. The count is taken in the request's transaction;
a view that refuses must answer, not raise, so that the attempt stays counted.
"""

import datetime as dt
from dataclasses import dataclass

from allauth.account.adapter import get_adapter
from django.db import connection
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from onecity.kernel.core.clock import now
from onecity.kernel.core.errors import Problem

LONGEST = dt.timedelta(days=1)  # no limit counts for longer
TAKE = """
INSERT INTO access_throttle AS t (key, since, used) VALUES (%(key)s, %(now)s, %(amount)s)
ON CONFLICT (key) DO UPDATE SET
    used = CASE WHEN t.since <= %(start)s THEN 0 ELSE t.used END + %(amount)s,
    since = CASE WHEN t.since <= %(start)s THEN %(now)s ELSE t.since END
RETURNING used, since
"""


@dataclass(frozen=True, slots=True)
class Limit:
    """At most `most` within `period`, under a name of its own."""

    name: str
    most: int
    period: dt.timedelta


def take(limit: Limit, who: str, amount: int = 1) -> None:
    """Count an attempt of `who`; raises Problem 429 that says when it may be tried again, where it was one too many."""
    moment = now()
    key, start = f"{limit.name}:{who}"[:200], moment - limit.period
    with connection.cursor() as cursor:
        cursor.execute(TAKE, {"key": key, "now": moment, "start": start, "amount": amount})
        used, since = cursor.fetchall()[0]
    if used > limit.most:
        minutes = max(1, round((since + limit.period - moment) / dt.timedelta(minutes=1)))
        raise Problem(
            "too-often",
            _("This was tried too often from here."),
            status=429,
            detail=_("Try again in %(minutes)s minutes, or sign in.") % {"minutes": minutes},
            extra={"retry_after": minutes * 60},
        )


def address_of(request: HttpRequest) -> str:
    """Where a request comes from, as far as the installation's proxies may be believed."""
    return str(get_adapter(request).get_client_ip(request))


def forget(older_than: dt.timedelta = LONGEST) -> int:
    """Remove counts that no longer bind anybody; returns how many."""
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM access_throttle WHERE since < %s", [now() - older_than])
        return int(cursor.rowcount)
