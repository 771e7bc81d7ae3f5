"""Who should get a case, by area, skill, load and roster, with the reason in words."""

from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from django.db.models import Count, Q
from django.utils.translation import gettext as _

from onecity.kernel.cases import calendars, directory, skills, type_store
from onecity.kernel.cases.logic.routing import ancestors
from onecity.kernel.cases.models import Case, Duty
from onecity.kernel.cases.models.case import OPEN
from onecity.kernel.cases.shifts.logic.fitting import Fit, OnDuty, rank
from onecity.kernel.core.clock import now
from onecity.kernel.places import service as places


@dataclass(frozen=True)
class Suggested:
    """Somebody who could get the case, and why."""

    account_id: UUID
    name: str
    why: str
    able: bool


def for_case(case: Case, most: int = 3) -> list[Suggested]:
    """Those on duty there now who may handle the case, best first."""
    kind = type_store.version(case.type_name, case.type_version).definition
    needs = frozenset(kind.sending.skills)
    handlers = directory.handlers(case.organisation_id, case.division_path, confidential=case.confidential)
    found = rank(_on_duty(case, handlers), case.division_path, needs, now())[:most]
    return [_suggested(fit, handlers[fit.person.account_id], needs) for fit in found]


def _on_duty(case: Case, handlers: Collection[UUID]) -> list[OnDuty]:
    moment = now()
    turns = list(
        Duty.objects.filter(
            account_id__in=handlers, division_path__in=ancestors(case.division_path), start__lte=moment, end__gt=moment
        )
    )
    loads = {
        account: (count, late)
        for account, count, late in Case.objects.filter(OPEN, assignee_id__in={turn.account_id for turn in turns})
        .order_by()
        .values_list("assignee_id")
        .annotate(count=Count("id"), late=Count("id", filter=Q(overdue_since__isnull=False)))
    }
    return [
        OnDuty(t.account_id, t.division_path, t.end, frozenset(t.skills), *loads.get(t.account_id, (0, 0)))
        for t in turns
    ]


def _suggested(fit: Fit, name: str, needs: frozenset[str]) -> Suggested:
    person = fit.person
    until = person.until.astimezone(calendars.office().zone)
    words = [
        _("on duty for %(place)s until %(time)s")
        % {"place": places.title_for(person.division_path), "time": f"{until:%m-%d %H:%M}"}
    ]
    if fit.missing:
        words.append(_("does not have: %(skills)s") % {"skills": skills.named(sorted(fit.missing))})
    elif needs:
        words.append(_("can: %(skills)s") % {"skills": skills.named(sorted(needs))})
    load = {"n": person.open_cases, "late": person.overdue}
    words.append(_("%(n)s open, %(late)s of them late") % load if person.overdue else _("%(n)s open") % load)
    return Suggested(person.account_id, name, _("; ").join(words), able=not fit.missing)
