"""Who reported a case: written with it, shown masked to whoever handles it, in full only with the right and a purpose.

A resident finds his own cases by his account, or without one by the number and the code that he was given. Both open the
database's wall for these cases alone.
"""

import hashlib
import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from django.db import connection, transaction
from django.utils.translation import gettext_lazy as _

from onecity.kernel.access import audit, policy
from onecity.kernel.cases import permissions
from onecity.kernel.cases.logic import masking, telephone
from onecity.kernel.cases.models import Case, Reporter
from onecity.kernel.core.errors import Problem
from onecity.kernel.people.models import Account

# cases that whoever asks holds the code of; read by the policies
HELD: Final = "onecity.cases"
CODE_LETTERS: Final = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
CODE_LENGTH: Final = 10


@dataclass(frozen=True)
class Person:
    """Who reports something, as far as he says; `code` is kept as a digest only."""

    name: str = ""
    phone: str = ""
    email: str = ""
    account_id: UUID | None = None
    hidden: bool = False
    code: str = ""


def new_code() -> str:
    """A code to find a case again without an account; about 49 bits, without letters that look alike."""
    return "".join(secrets.choice(CODE_LETTERS) for _place in range(CODE_LENGTH))


def name(pairs: Sequence[tuple[Case, Person | None]]) -> str | None:
    """Write who reported these new cases; before the cases themselves, so that their walls let them in.

    Returns what `release` has to be told once they are written.
    """
    rows = []
    for case, person in pairs:
        if person is None:
            continue
        case.reporter_shown = "" if person.hidden else masking.person(person.name, person.phone)
        rows.append(
            Reporter(
                case_id=case.id,
                account_id=person.account_id,
                name=person.name,
                phone=telephone.plain(person.phone),
                email=person.email,
                hidden=person.hidden,
                code_hash=digest(person.code) if person.code else "",
            )
        )
    if not rows:
        return None
    before = _hold([row.case_id for row in rows])
    Reporter.objects.bulk_create(rows)
    return before


def release(before: str | None) -> None:
    """Close the walls again behind cases that were opened."""
    if before is not None:
        _set(before)


def forget(cases: Sequence[Case]) -> None:
    """Take back the rows of cases that were there already under their source key."""
    ids = [case.id for case in cases]
    if ids:
        Reporter.objects.filter(case_id__in=ids).delete()


def digest(code: str) -> str:
    """The digest under which a code is kept; spaces, hyphens and small letters do not matter."""
    plain = "".join(c for c in code.upper() if c.isalnum())
    return hashlib.sha256(plain.encode()).hexdigest()


@contextmanager
def holding(number: str, code: str) -> Iterator[Case]:
    """The case of this number, for whoever has its code; raises Problem 404 otherwise, without saying which was wrong."""
    with _held("SELECT cases_of_code(%s, %s)", [number.strip(), digest(code)]) as found:
        if found is None:
            raise Problem(
                "case-not-found",
                _("There is no case with this number and code."),
                status=404,
                detail=_("Both stand on the page that was shown when it was reported. Check them letter by letter."),
            )
        yield found


@contextmanager
def reported(source_key: str, code: str) -> Iterator[Case | None]:
    """The case that this report opened, for whoever has its code; None where it opened none yet."""
    with _held("SELECT cases_of_key(%s, %s)", [source_key, digest(code)]) as found:
        yield found


@contextmanager
def _held(query: str, values: Sequence[str]) -> Iterator[Case | None]:
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(query, values)
            found = [row[0] for row in cursor.fetchall()]
        if len(found) != 1:
            yield None
            return
        before = _hold(found)
        yield Case.objects.defer("search").get(id=found[0])
        if not connection.needs_rollback:
            _set(before)


def _hold(ids: Sequence[UUID]) -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT coalesce(current_setting(%s, true), '')", [HELD])
        before: str = cursor.fetchone()[0]
    known = [one for one in before.strip("{}").split(",") if one]
    _set("{" + ",".join(dict.fromkeys([*known, *map(str, ids)])) + "}")
    return before


def _set(value: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config(%s, %s, true)", [HELD, value])


def reveal(case: Case, account: Account, purpose: str) -> Reporter | None:
    """Who reported it, in full; the reading is logged with its purpose. Raises Problem 403 without the right, 422 without
    a purpose."""
    policy.require(account, permissions.REPORTERS, case.division_path)
    if not purpose.strip():
        raise Problem("purpose-needed", _("Say for what you need to know who reported it."), status=422)
    found = Reporter.objects.filter(case_id=case.id).first()
    if found is not None:
        audit.record(
            "cases.reporter.read",
            actor_id=account.id,
            object_type="case",
            object_id=case.id,
            division_path=case.division_path,
            purpose=purpose.strip()[:200],
        )
    return found
