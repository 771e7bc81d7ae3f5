"""Issues certificates: many in one transaction, each once, whatever is sent twice or at the same time.

What is signed and written is the certificate; nothing is promised before both are done. A request whose `source_key` is
known gives the certificate that it gave before.
"""

import datetime as dt
from collections.abc import Sequence
from typing import Final
from uuid import UUID

from django.db import connection, transaction
from django.utils.translation import gettext_lazy as _

from onecity.kernel.access import audit
from onecity.kernel.core.clock import now
from onecity.kernel.core.errors import Problem
from onecity.kernel.records.certificates import opening, sealing
from onecity.kernel.records.certificates.logic import serials
from onecity.kernel.records.certificates.requests import Holder, IssueRequest, Ready, check
from onecity.kernel.records.certificates.signing import Place, Signer, row_of
from onecity.kernel.records.certificates.writing import write
from onecity.kernel.records.keys import store
from onecity.kernel.records.models import Certificate

__all__ = ["Holder", "IssueRequest", "issue", "issue_many"]

BATCH: Final = 1_000
TRIES: Final = 3
NAMED: Final = 20
COUNTS: Final = "SELECT nextval('records_certificate_serial') FROM generate_series(1, %s)"
KNOWN: Final = "SELECT records_numbers_of_sources(%s)"


class _SerialTakenError(Exception):
    """Serials are scattered by a key; after a new key one may meet an old one: the next numbers will not."""


def issue(request: IssueRequest, *, issued_by: UUID | None) -> Certificate:
    """Issue one certificate; raises Problem 422 for a request that is wrong, 404 for an unknown kind."""
    return issue_many([request], issued_by=issued_by)[0]


def issue_many(requests: Sequence[IssueRequest], *, issued_by: UUID | None) -> list[Certificate]:
    """Issue all of them or none, in one transaction; the certificates in the order of the requests.

    `issued_by`: the account that decided, None where a rule did. Raises as `issue`, and 409 where a source is known already
    with another holder or kind.
    """
    ready = check(requests)
    with transaction.atomic():
        made: list[Certificate] = []
        for start in range(0, len(ready), BATCH):
            made += _issue_batch(ready[start : start + BATCH], issued_by)
    return made


def _issue_batch(ready: Sequence[Ready], issued_by: UUID | None) -> list[Certificate]:
    for _attempt_number in range(TRIES):
        try:
            return _attempt(ready, issued_by)
        except _SerialTakenError:
            continue
    raise Problem("no-serial", _("No number could be given to this certificate. Try again."), status=503)


def _attempt(ready: Sequence[Ready], issued_by: UUID | None) -> list[Certificate]:
    once = {one.request.source_key: one for one in ready}
    with transaction.atomic():
        rows = _rows(list(once.values()), now())
        new = write(rows, issued_by, "issue")
        kept = of_sources(list(once), rows)
        if len(kept) < len(once):
            raise _SerialTakenError
        _record([row for row in rows if row.id in new], issued_by)
    for one in ready:
        _same(kept[one.request.source_key], one)
    return [kept[one.request.source_key] for one in ready]


def of_sources(keys: Sequence[str], rows: Sequence[Certificate] = ()) -> dict[str, Certificate]:
    """The certificates that came from these sources, whoever asks: the key of a source is known to its case alone.

    `rows`: just written; what of them is in the table is not read again.
    """
    with connection.cursor() as cursor:
        cursor.execute(KNOWN, [list(keys)])
        numbers = {row[0] for row in cursor.fetchall()}
    found = {row.source_key: row for row in rows if row.number in numbers}
    others = list(numbers - {row.number for row in found.values()})
    if others:
        with opening.shown(others):
            found |= {row.source_key: row for row in Certificate.objects.filter(number__in=others)}
    return found


def counts(amount: int) -> list[int]:
    """So many numbers that nobody had or will have; transactions do not wait for each other."""
    with connection.cursor() as cursor:
        cursor.execute(COUNTS, [amount])
        return [row[0] for row in cursor.fetchall()]


def _rows(ready: Sequence[Ready], moment: dt.datetime) -> list[Certificate]:
    signer = Signer(store.current(), store.issuer(), moment)
    key = sealing.serial_key()
    return [
        row_of(one, signer, Place(count, serials.serial(count, moment.year, key)))
        for one, count in zip(ready, counts(len(ready)), strict=True)
    ]


def _same(row: Certificate, one: Ready) -> None:
    if (row.type_code, row.identity_hash) != (one.kind.code, sealing.identity_hash(one.identity)):
        raise Problem(
            "source-used",
            _("From this source another certificate was issued already."),
            status=409,
            extra={"number": row.number},
        )


def _record(rows: Sequence[Certificate], issued_by: UUID | None) -> None:
    """One event of the audit trail for a batch: the history of each certificate says the rest."""
    if not rows:
        return
    audit.record(
        "certificates.issued",
        actor_id=issued_by,
        object_type="certificate",
        object_id=rows[0].id,
        division_path=rows[0].division_path,
        detail={"count": len(rows), "numbers": [row.number for row in rows[:NAMED]]},
    )
