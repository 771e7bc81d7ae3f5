"""What a request of Open311 says: its values, which requests are wanted, and what is wrong with it."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final
from zoneinfo import ZoneInfo

from django.conf import settings
from django.http import HttpRequest
from django.utils.translation import gettext as _

from onecity.kernel.cases.intake.open311.logic import moments
from onecity.kernel.cases.intake.open311.logic.documents import UNWRITABLE
from onecity.kernel.cases.intake.open311.published import MOST, Wanted
from onecity.kernel.cases.logic import upload
from onecity.kernel.core.clock import now

SPAN: Final = dt.timedelta(days=90)
MOST_NUMBERS: Final = 1000
MOST_PAGE: Final = 1_000_000
MOST_FILES: Final = 5


# as long as the columns are that they are kept in
LONGEST: Final[Mapping[str, int]] = {
    "description": 4000, "address_string": 200, "address_id": 100, "email": 254, "first_name": 40, "last_name": 40,
    "phone": 30, "media_url": 1000, "account_id": 100, "device_id": 200,
}  # fmt: skip


class RefusedError(Exception):
    """A request that cannot be done, with the HTTP status and one sentence for each reason."""

    def __init__(self, status: int, *reasons: str) -> None:
        super().__init__(reasons)
        self.status = status
        self.reasons = reasons


@dataclass(frozen=True)
class Sent:
    """What came: single values by name (the last of several), all values by name, files, and a key for sending it again."""

    values: Mapping[str, str]
    lists: Sequence[tuple[str, Sequence[str]]] = ()
    files: Sequence[tuple[str, bytes]] = ()
    again: str = ""
    faults: list[str] = field(default_factory=list)

    def text(self, name: str) -> str:
        """A value without characters that nobody can read; one that is too long is a fault."""
        value = UNWRITABLE.sub("", self.values.get(name, "")).strip()
        if len(value) > LONGEST[name]:
            self.faults.append(_("%(name)s: at most %(most)s characters") % {"name": name, "most": LONGEST[name]})
        return value


def read(request: HttpRequest) -> Sent:
    """What was sent in the address and, above it, in the body."""
    body = request.POST if request.method == "POST" else None
    if request.encoding not in {None, "utf-8", "UTF-8"}:
        request.encoding = "utf-8"
        body = request.POST if request.method == "POST" else None
    lists = [(name, [str(v) for v in values]) for name, values in request.GET.lists()]
    lists += [(name, [str(v) for v in values]) for name, values in body.lists()] if body is not None else []
    values = {name: given[-1] for name, given in lists if given}
    files = [one for name in request.FILES for one in request.FILES.getlist(name)] if body is not None else []
    read = [(one.name or "", one.read(upload.MOST_BYTES + 1)) for one in files[:MOST_FILES]]
    return Sent(values, lists, read, request.headers.get("Idempotency-Key", "").strip())


def plain(text: str) -> str:
    """A text that the database can look for: without the character that it has none for, and no longer than any name."""
    return text.replace("\0", "")[:100]


def wanted(sent: Sent) -> Wanted:
    """The service requests asked for; raises RefusedError for what no list can be made of."""
    numbers = _several(sent, "service_request_id")
    size = _whole(sent, "page_size", MOST, MOST)
    page = _whole(sent, "page", 1, MOST_PAGE)
    if numbers:
        if len(numbers) > MOST_NUMBERS:
            raise RefusedError(400, _("service_request_id: at most %(most)s at once") % {"most": MOST_NUMBERS})
        return Wanted(numbers=numbers, most=size, skip=(page - 1) * size)
    statuses = {one.lower() for one in _several(sent, "status")}
    if statuses - {"open", "closed"}:
        raise RefusedError(400, _("status: open or closed is expected"))
    since, until = _span(sent)
    return Wanted(
        services=_several(sent, "service_code"),
        running="open" in statuses if len(statuses) == 1 else None,
        since=since,
        until=until,
        most=size,
        skip=(page - 1) * size,
    )


def _several(sent: Sent, name: str) -> tuple[str, ...]:
    """Values of a parameter that may be given several times or with commas."""
    given = [one for key, values in sent.lists if key in {name, f"{name}[]"} for one in values]
    return tuple(dict.fromkeys(plain(part.strip()) for one in given for part in one.split(",") if part.strip()))


def _whole(sent: Sent, name: str, default: int, most: int) -> int:
    text = sent.values.get(name, "").strip()
    if not text:
        return default
    if not (text.isascii() and text.isdigit() and len(text) < 8 and 1 <= int(text) <= most):
        raise RefusedError(400, _("%(name)s: a number from 1 to %(most)s is expected") % {"name": name, "most": most})
    return int(text)


def _span(sent: Sent) -> tuple[dt.datetime, dt.datetime]:
    """From when to when: at most 90 days, the last 90 where nothing was said."""
    since, until = (_moment(sent, name) for name in ("start_date", "end_date"))
    try:
        if until is None:
            until = min(now(), since + SPAN) if since is not None and since <= now() else since or now()
        since = until - SPAN if since is None else since
    except OverflowError as error:
        raise RefusedError(400, _("start_date, end_date: these moments are out of range")) from error
    if since > until:
        raise RefusedError(400, _("start_date lies after end_date"))
    if until - since > SPAN:
        raise RefusedError(400, _("start_date, end_date: at most 90 days lie between them"))
    return since, until


def _moment(sent: Sent, name: str) -> dt.datetime | None:
    text = sent.values.get(name, "").strip()
    if not text:
        return None
    try:
        return moments.read(text, ZoneInfo(settings.TIME_ZONE))
    except ValueError as error:
        raise RefusedError(
            400, _("%(name)s: a moment with its zone is expected, such as 2010-01-01T00:00:00Z") % {"name": name}
        ) from error


def extended(sent: Sent) -> bool:
    """Whether what the standard has no place for is wanted as well."""
    return sent.values.get("extensions", "").lower() in {"true", "1", "yes"}
