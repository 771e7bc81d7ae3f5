"""Files a resident's report: one case for each form, however often it is sent, with its photos and a code to find it again."""

import hashlib
import hmac
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from django.db import transaction

from onecity.kernel.cases import asked, attachments, reporting
from onecity.kernel.cases.intake.resident import kinds
from onecity.kernel.cases.models import Case
from onecity.kernel.cases.opening import NewCase, open_case
from onecity.kernel.cases.reporting import CODE_LENGTH, CODE_LETTERS, Person
from onecity.kernel.core.errors import Problem
from onecity.kernel.people.models import Account

SOURCE = "resident"
TITLE_LENGTH = 60


@dataclass(frozen=True)
class Report:
    """What a resident tells. `key` is made once for each form that is shown."""

    key: uuid.UUID
    text: str
    division_path: str
    kind: str = ""
    address: str = ""
    lon: float | None = None
    lat: float | None = None
    name: str = ""
    phone: str = ""
    hidden: bool = False
    answers: Mapping[str, Any] = field(default_factory=dict)


def code_of(key: uuid.UUID) -> str:
    """The code of the case that this form opens: the same each time it is sent, and nothing that a key's owner alone could
    make."""
    digest = hmac.digest(settings.SECRET_KEY.encode(), b"report" + key.bytes, hashlib.sha256)
    number = int.from_bytes(digest, "big")
    letters = []
    for _place in range(CODE_LENGTH):
        number, rest = divmod(number, len(CODE_LETTERS))
        letters.append(CODE_LETTERS[rest])
    return "".join(letters)


@transaction.atomic
def file(report: Report, photos: Sequence[tuple[str, bytes]], account: Account | None) -> tuple[Case, str]:
    """Open the case of a report with its photos, or find the one that it opened before; returns it with its code.

    Raises Problem 422 for a photo or a text that cannot be taken; then nothing was opened.
    """
    code, source_key = code_of(report.key), f"{SOURCE}:{report.key}"
    before = _opened(source_key, code)
    if before is not None:
        return before, code
    try:
        case = open_case(_new(report, source_key, code, account), actor=account)
    except Problem as problem:
        # the same form was sent twice at the same moment: the other one was first
        before = _opened(source_key, code)
        if problem.code != "case-exists" or before is None:
            raise
        return before, code
    with reporting.holding(case.number, code):
        for name, content in photos:
            attachments.attach(case.id, name, content, None)
    return case, code


def _opened(source_key: str, code: str) -> Case | None:
    with reporting.reported(source_key, code) as found:
        return found


def title_of(text: str) -> str:
    """The first line of what was told, cut to the length of a title."""
    first = text.strip().splitlines()[0].strip()
    return first if len(first) <= TITLE_LENGTH else f"{first[: TITLE_LENGTH - 1]}…"


def _new(report: Report, source_key: str, code: str, account: Account | None) -> NewCase:
    return NewCase(
        type_name=kinds.meant(report.kind),
        title=title_of(report.text),
        description=report.text.strip(),
        division_path=report.division_path,
        address=report.address,
        lon=report.lon,
        lat=report.lat,
        source=SOURCE,
        source_key=source_key,
        answers=asked.checked(kinds.meant(report.kind), report.answers),
        reporter=Person(
            name=report.name.strip(),
            phone=report.phone.strip(),
            account_id=account.id if account else None,
            hidden=report.hidden,
            code=code,
        ),
    )
