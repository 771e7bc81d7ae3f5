"""Who sees whose name is a policy with versions, not something that a page decides: every page asks here.

What no policy can change: a reporter's name in full needs the right `cases.reporters` and a purpose that is logged; a
reporter who hid himself is shown to nobody; what is published never has a name; a confidential case has its own wall.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Literal
from uuid import UUID

import msgspec
from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from onecity.kernel.access import audit, policy
from onecity.kernel.cases import changing, permissions
from onecity.kernel.cases.logic import masking
from onecity.kernel.cases.models import Case, CaseEvent, NamePolicy
from onecity.kernel.cases.presentation import Step
from onecity.kernel.core.errors import Problem
from onecity.kernel.people.models import Account

Grade = Literal["none", "masked", "full"]
LONGEST_REASON: Final = 500
# what entries of the history hold of people, beside who made them
PEOPLE: Final = ("assignee", "asked_by")
GRADES: Final[Mapping[str, object]] = {
    "none": _("nothing"),
    "masked": _("masked (王** 138****5678)"),
    "full": _("the name"),
}


class Rules(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How much is shown: of whoever reported a case to those who handle it, to bodies that help and in files taken out; of
    staff to whoever reported the case and to bodies that help."""

    reporter_handling: Literal["none", "masked"] = "masked"
    reporter_helping: Literal["none", "masked"] = "masked"
    reporter_files: Literal["none", "masked"] = "masked"
    staff_reporter: Grade = "none"
    staff_helping: Literal["none", "full"] = "full"


# in words: whose name, to whom, and what may be chosen
LINES: Final[tuple[tuple[str, object, object, tuple[str, ...]], ...]] = (
    ("reporter_handling", _("Whoever reported it"), _("Those who handle the case"), ("none", "masked")),
    ("reporter_helping", _("Whoever reported it"), _("Bodies that were asked to help"), ("none", "masked")),
    ("reporter_files", _("Whoever reported it"), _("Files taken out (Excel)"), ("none", "masked")),
    ("staff_reporter", _("Staff who act"), _("Whoever reported it"), ("none", "masked", "full")),
    ("staff_helping", _("Staff who act"), _("Bodies that were asked to help"), ("none", "full")),
)


def in_force() -> Rules:
    """The rules that hold now; those that ship where nobody wrote any."""
    row = NamePolicy.objects.order_by("-version").first()
    return Rules() if row is None else msgspec.convert(row.rules, Rules)


def versions() -> list[NamePolicy]:
    """Every version that was written, the newest first."""
    return list(NamePolicy.objects.all())


@transaction.atomic
def change(account: Account, rules: Mapping[str, Any], reason: str, seen_version: int) -> NamePolicy:
    """Write a new version. Raises Problem 403 without the right, 409 where another one came in between, 422 for rules that
    cannot be, that change nothing, or without a reason."""
    if not policy.may_somewhere(account, permissions.NAMES):
        raise policy.refusal(permissions.NAMES)
    try:
        new = msgspec.convert(dict(rules), Rules)
    except msgspec.ValidationError as error:
        raise changing.invalid("rules", _("Choose one of the values offered.")) from error
    if new == in_force():
        raise changing.invalid("rules", _("This is what holds already."))
    if not reason.strip() or len(reason) > LONGEST_REASON:
        raise changing.invalid("reason", _("Say why, in at most 500 characters."))
    newest = NamePolicy.objects.order_by("-version").values_list("version", flat=True).first() or 0
    if newest != seen_version:
        raise _late()
    try:
        with transaction.atomic():
            made = NamePolicy.objects.create(
                version=newest + 1, rules=msgspec.to_builtins(new), reason=reason.strip(), by_id=account.id,
                by_name=str(account),
            )  # fmt: skip
    except IntegrityError as error:
        raise _late() from error
    audit.record(
        "cases.names",
        actor_id=account.id,
        object_type="name_policy",
        object_id=made.version,
        purpose=reason.strip()[:200],
        detail=made.rules,
    )
    return made


def _late() -> Problem:
    return Problem(
        "policy-changed",
        _("Somebody else has changed this in the meantime."),
        status=409,
        detail=_("Nothing of yours was saved; load the page again."),
    )


def helps_only(case: Case, account: Account) -> bool:
    """Whether this person sees the case for nothing but that his body was asked to help."""
    return (
        case.assignee_id != account.id
        and not policy.may(account, permissions.VIEW, case.division_path)
        and changing.helps(case, account)
    )


@dataclass(frozen=True)
class Shown:
    """What one person reads of names in one case: the reporter (empty: nothing), and whether the names of staff."""

    reporter: str
    staff: bool

    def who(self, event: CaseEvent) -> str:
        """Who made an entry; empty where it was the platform itself."""
        return event.actor_name if self.staff or not event.actor_name else str(_("Staff"))

    def steps(self, found: Sequence[Step]) -> list[Step]:
        """A history as this person reads it."""
        if self.staff:
            return list(found)
        return [replace(one, who=self.who(one.event), details=_without_people(one)) for one in found]

    def data(self, event: CaseEvent) -> dict[str, Any]:
        """What an entry holds, without people where they are not shown."""
        return {name: value for name, value in event.data.items() if self.staff or name not in PEOPLE}

    def name(self, text: str) -> str:
        """The name of somebody of the staff."""
        return text if self.staff or not text else str(_("Staff"))


def _without_people(step: Step) -> tuple[str, ...]:
    hidden = {str(step.event.data.get(name, "")) for name in PEOPLE}
    return tuple(detail for detail in step.details if detail not in hidden)


def shown(case: Case, account: Account) -> Shown:
    """What this person may read of names in passing."""
    rules, helps = in_force(), helps_only(case, account)
    grade = rules.reporter_helping if helps else rules.reporter_handling
    return Shown(case.reporter_shown if grade == "masked" else "", staff=not helps or rules.staff_helping == "full")


def reporters(cases: Iterable[Case]) -> dict[UUID, str]:
    """Who reported several cases, for somebody who handles such cases."""
    masked = in_force().reporter_handling == "masked"
    return {case.id: case.reporter_shown if masked else "" for case in cases}


def in_files(case: Case, rules: Rules) -> str:
    """Who reported a case, in a file that is taken out."""
    return case.reporter_shown if rules.reporter_files == "masked" else ""


def named(name: str, grade: Grade) -> str:
    """A name of the staff, for whoever reported the case."""
    if grade == "full":
        return name
    return masking.masked_name(name) if grade == "masked" else ""
