"""The daily run that erases what is over, the same as a dry run, and holds."""

import datetime as dt
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from onecity.kernel.access import audit, policy
from onecity.kernel.cases import acting, changing, custody, permissions
from onecity.kernel.cases.keeping import erasing, policies
from onecity.kernel.cases.keeping.policies import Policy
from onecity.kernel.cases.models import Case, Hold
from onecity.kernel.cases.types import LANGUAGES
from onecity.kernel.core.clock import now
from onecity.kernel.core.errors import Problem
from onecity.kernel.people.models import Account

BATCH: Final = 200
# the numbers that an entry of the audit trail names
NAMED: Final = BATCH
LONGEST_REASON: Final = 500


@dataclass(frozen=True)
class Outcome:
    """What was, or would be, erased of one kind: how many cases, and how many were left because they are held."""

    name: str
    years: int
    erase: tuple[str, ...]
    cases: int
    held: int


def forget(at: dt.datetime | None = None, *, dry_run: bool = False) -> list[Outcome]:
    """Erase the personal data of every case whose time is over by `at`; with `dry_run` only count. Idempotent.

    Runs as the owner of the tables. Cases that are at home on another installation are left to it.
    """
    moment = at or now()
    found = []
    for one in policies.all_in_force():
        rows = policies.remaining().filter(policies.over([one], moment))
        kept = rows.filter(policies.held()).count()
        count = rows.exclude(policies.held()).count() if dry_run else _forget(one, moment)
        if count or kept:
            found.append(Outcome(one.name, one.rule.years, tuple(one.rule.erase), count, kept))
    if not dry_run:
        erasing.remove_files()
    return found


def _forget(one: Policy, moment: dt.datetime) -> int:
    total, after = 0, None
    while True:
        rows = policies.remaining().filter(policies.over([one], moment)).exclude(policies.held()).order_by("id")
        ids = list((rows.filter(id__gt=after) if after else rows).values_list("id", flat=True)[:BATCH])
        if not ids:
            return total
        total, after = total + _batch(one, ids, moment), ids[-1]


@transaction.atomic
def _batch(one: Policy, ids: list[UUID], moment: dt.datetime) -> int:
    away = custody.elsewhere(ids)
    locked = Case.objects.select_for_update(of=("self",)).filter(id__in=[i for i in ids if i not in away])
    Case.objects.filter(pk__in=list(locked.order_by("id").values_list("pk", flat=True)))
    # a hold takes the same lock: what was held a moment ago is seen now
    rows = policies.remaining().filter(policies.over([one], moment), id__in=ids).exclude(policies.held())
    cases = list(rows.exclude(id__in=away).defer("search").order_by("id"))
    if not cases:
        return 0
    title = one.kind.definition.title
    erasing.erase(cases, next(title[key] for key in LANGUAGES if key in title), one.rule.erase)
    audit.record(
        "cases.forget",
        actor_id=None,
        object_type="case_type",
        object_id=one.name,
        purpose=f"retention: {one.rule.years} years",
        detail={
            "version": one.kind.version,
            "erased": sorted(one.rule.erase),
            "cases": len(cases),
            "numbers": [case.number for case in cases[:NAMED]],
        },
    )
    return len(cases)


@transaction.atomic
def hold(case_id: UUID, account: Account, reason: str) -> Hold:
    """Keep a case from being erased. Raises Problem 404, 403, 409 (it is held, or erased already), 422 without a reason."""
    case = changing.lock(case_id)
    changing.require(case, account, permissions.VIEW)
    policy.require(account, permissions.KEEP, case.division_path)
    text = reason.strip()
    if not text or len(text) > LONGEST_REASON:
        raise changing.invalid("reason", _("Say why it must be kept, in at most 500 characters."))
    if Hold.objects.filter(case=case, lifted_at__isnull=True).exists():
        raise Problem("case-held", _("This case is kept already."), status=409)
    if case.forgotten_at is not None and (case.closed_at is None or case.closed_at <= case.forgotten_at):
        raise Problem("case-forgotten", _("Its personal data was erased already."), status=409)
    made = Hold.objects.create(case=case, reason=text, placed_by_id=account.id, placed_by_name=str(account))
    _note("held", case, account, text)
    return made


@transaction.atomic
def lift(hold_id: UUID, account: Account) -> Hold:
    """End a hold; what is over goes with the next run. Raises Problem 404, 403, 409."""
    found = Hold.objects.filter(id=hold_id).first()
    if found is None:
        raise changing.not_found()
    case = changing.lock(found.case_id)
    changing.require(case, account, permissions.VIEW)
    policy.require(account, permissions.KEEP, case.division_path)
    found = Hold.objects.select_for_update().get(id=hold_id)
    if found.lifted_at is not None:
        raise Problem("case-not-held", _("This hold was lifted already."), status=409)
    found.lifted_by_id, found.lifted_by_name, found.lifted_at = account.id, str(account), now()
    found.save(update_fields=["lifted_by_id", "lifted_by_name", "lifted_at"])
    _note("released", case, account, "")
    return found


def _note(action: str, case: Case, account: Account, reason: str) -> None:
    acting.append(case.id, action, account, reason, {})
    audit.record(
        f"cases.{action}",
        actor_id=account.id,
        object_type="case",
        object_id=case.id,
        division_path=case.division_path,
        purpose=reason[:200],
    )
