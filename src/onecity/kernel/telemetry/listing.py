"""Pages of refused readings, newest first, by key: no page is skipped or shown twice while new ones arrive."""

import base64
import binascii
import datetime as dt
from dataclasses import dataclass
from uuid import UUID

from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from onecity.kernel.core.clock import from_us, to_us
from onecity.kernel.core.errors import FieldError, Problem
from onecity.kernel.telemetry.models import Quarantine


@dataclass(frozen=True)
class Page:
    """Rows in order, and where the next page begins (empty: this is the last)."""

    rows: list[Quarantine]
    next: str


def page(rows: QuerySet[Quarantine], after: str, limit: int) -> Page:
    """At most `limit` rows behind `after`; raises Problem 422 for an `after` that is not one of ours."""
    if after:
        at, identity = _read(after)
        rows = rows.filter(Q(received_at__lt=at) | Q(id__lt=identity), received_at__lte=at)
    found = list(rows.order_by("-received_at", "-id")[: limit + 1])
    following = _write(found[limit - 1]) if len(found) > limit else ""
    return Page(found[:limit], following)


def _write(row: Quarantine) -> str:
    text = to_us(row.received_at).to_bytes(8, "big") + row.id.bytes
    return base64.urlsafe_b64encode(text).decode()


def _read(after: str) -> tuple[dt.datetime, UUID]:
    try:
        data = base64.b64decode(after.encode(), altchars=b"-_", validate=True)
        return from_us(int.from_bytes(data[:8], "big")), UUID(bytes=data[8:])
    except (ValueError, OverflowError, binascii.Error) as error:
        text = _("This is not a place in a list that we gave you.")
        raise Problem("invalid", _("Some values are wrong"), status=422, errors=[FieldError("after", text)]) from error
