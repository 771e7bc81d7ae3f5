"""Looks at a table of cases, says what taking it would do, and takes it; duplicates never stop it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import msgspec
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from onecity.kernel.access import audit, policy
from onecity.kernel.cases import permissions
from onecity.kernel.cases.intake.importing.logic import meaning as meanings
from onecity.kernel.cases.intake.importing.logic.meaning import Meaning
from onecity.kernel.cases.intake.importing.rows import Fault, Plan, Reader
from onecity.kernel.cases.models import Case, ImportMapping
from onecity.kernel.cases.opening import NewCase, open_case, open_cases
from onecity.kernel.core.clock import now
from onecity.kernel.core.errors import Problem
from onecity.kernel.people.models import Account
from onecity.kernel.telemetry.uploads import tables
from onecity.kernel.telemetry.uploads.tables import Table, TableError

MOST_ROWS = 20_000
BATCH = 500
SHOWN_ROWS = 5
SHOWN_FAULTS = 100


@dataclass(frozen=True, slots=True)
class Result:
    """What a table does or did: rows = `fresh` + `known` + `wrong`. `faults`: the first of the wrong rows."""

    rows: int
    fresh: int
    known: int
    wrong: int
    faults: Sequence[Fault]


@dataclass(frozen=True, slots=True)
class Preview:
    """A table before it is taken: its columns with their first values, the meaning to confirm, and what would happen."""

    columns: Sequence[str]
    samples: Sequence[Sequence[str]]
    meaning: Meaning
    remembered: bool
    result: Result


def preview(file: bytes, account: Account, meaning: Meaning | None = None) -> Preview:
    """Look at a file by a meaning (None: the remembered or guessed one); nothing is written. Raises Problem 422, 403."""
    _may(account)
    table = _table(file)
    kept = ImportMapping.objects.filter(account_id=account.id, signature=table.signature).first()
    remembered = _remembered(kept.mapping) if kept is not None else None
    chosen = meaning or remembered or Meaning(meanings.guess(table.columns))
    chosen = _fitted(chosen, table)
    plan = Reader(table, chosen, account).plan()
    known = _known(plan.cases)
    fresh = {case.source_key for case in plan.cases} - known
    result = _result(plan, len(fresh))
    samples = [[str(value or "") for value in row] for row in table.frame.head(SHOWN_ROWS).rows()]
    return Preview(table.columns, samples, chosen, meaning is None and remembered is not None, result)


@transaction.atomic
def take(file: bytes, account: Account, meaning: Meaning) -> Result:
    """Open a case for each row that can be one and has none yet; the meaning is remembered. Raises Problem 422, 403."""
    _may(account)
    table = _table(file)
    chosen = _fitted(meaning, table)
    plan = Reader(table, chosen, account).plan()
    before = _known(plan.cases)
    fresh = [case for case in plan.cases if case.source_key not in before]
    opened = sum(_open(fresh[start : start + BATCH], account) for start in range(0, len(fresh), BATCH))
    ImportMapping.objects.update_or_create(
        account_id=account.id,
        signature=table.signature,
        defaults={"mapping": msgspec.to_builtins(chosen), "changed_at": now()},
    )
    result = _result(plan, opened)
    audit.record(
        "cases.imported",
        actor_id=account.id,
        object_type="import",
        object_id=table.signature[:40],
        detail={"rows": result.rows, "opened": result.fresh, "known": result.known, "wrong": result.wrong},
    )
    return result


def _open(cases: Sequence[NewCase], account: Account) -> int:
    """Open these; one that another account's import opened out of sight is left as it is. Returns how many are new."""
    moment_before = set(Case.objects.filter(source_key__in=[c.source_key for c in cases]).values_list("id", flat=True))
    try:
        with transaction.atomic():
            found = {case.id for case in open_cases(cases, actor=account)}
    except Problem as problem:
        if problem.code != "case-exists":
            raise
        found = {case.id for case in (_alone(one, account) for one in cases) if case is not None}
    return len(found - moment_before)


def _alone(new: NewCase, account: Account) -> Case | None:
    try:
        with transaction.atomic():
            return open_case(new, actor=account)
    except Problem as problem:
        if problem.code != "case-exists":
            raise
        return None


def _result(plan: Plan, fresh: int) -> Result:
    rows = len(plan.cases) + len(plan.faults)
    return Result(rows, fresh, len(plan.cases) - fresh, len(plan.faults), plan.faults[:SHOWN_FAULTS])


def _known(cases: Sequence[NewCase]) -> set[str | None]:
    keys = [case.source_key for case in cases]
    return set(Case.objects.filter(source_key__in=keys).values_list("source_key", flat=True))


def _may(account: Account) -> None:
    if not policy.may_somewhere(account, permissions.OPEN):
        raise policy.refusal(permissions.OPEN)


def _table(file: bytes) -> Table:
    try:
        table = tables.read(file)
    except TableError as error:
        raise Problem("upload-unreadable", _("The file cannot be read"), status=422, detail=error.what) from error
    if len(table.frame) > MOST_ROWS:
        raise Problem(
            "upload-too-long",
            _("The table has too many rows"),
            status=422,
            detail=_("At most %(most)s rows are taken at once; divide it.") % {"most": MOST_ROWS},
        )
    return table


def _remembered(data: Mapping[str, object]) -> Meaning | None:
    try:
        return msgspec.convert(data, Meaning)
    except msgspec.ValidationError:
        return None


def _fitted(meaning: Meaning, table: Table) -> Meaning:
    return Meaning(meanings.fitting(meaning.columns, table.columns), meaning.kind, meaning.division)
