"""A case as whoever reported it may see it: where it stands, with which office, until when, what was done; names of
staff only as far as the policy of names says."""

import datetime as dt
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from uuid import UUID

from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from onecity.kernel.cases import attachments, directory, presentation, rating, reporting, type_store
from onecity.kernel.cases.logic.definition import Definition
from onecity.kernel.cases.models import Attachment, Case, Rating, Reporter
from onecity.kernel.cases.naming import policy as naming
from onecity.kernel.cases.presentation import Stage
from onecity.kernel.cases.types import in_language
from onecity.kernel.core.errors import Problem
from onecity.kernel.people.models import Account
from onecity.kernel.places import service as places

HELD = "reports"
MOST_HELD = 20
# what residents are told beside the steps themselves
TOLD = frozenset(
    {
        "open",
        "contact",
        "word",
        "rated",
        "attach",
        "grant_extension",
        "forward",
        "recall",
        "merged",
        "unmerged",
        "merged_ended",
    }
)
# notes of staff are for staff; a resident reads his own words, and what is said to him at the end
OWN_WORDS = frozenset({"word", "rated"})


@dataclass(frozen=True)
class Told:
    """One thing that happened, as the resident reads it."""

    title: object
    at: dt.datetime
    note: str
    who: str = ""


@dataclass(frozen=True)
class Followed:
    """All that the page of a case says to its reporter."""

    case: Case
    kind: str
    state: str
    place: str
    office: str
    result: str
    stages: Sequence[Stage]
    told: Sequence[Told]
    photos: Sequence[Attachment]
    handler: str
    rating: Rating | None
    may_rate: bool
    may_reopen: bool


def hold(request: HttpRequest, case: Case, code: str) -> None:
    """Let this browser see the case for as long as its session lasts."""
    held = {number: kept for number, kept in request.session.get(HELD, {}).items() if number != case.number}
    request.session[HELD] = dict([*held.items(), (case.number, code)][-MOST_HELD:])


@contextmanager
def seen(request: HttpRequest, number: str) -> Iterator[Case]:
    """The case of this number, for a browser that holds its code or an account that reported it; Problem 404 otherwise."""
    code = request.session.get(HELD, {}).get(number)
    if code:
        with reporting.holding(number, code) as case:
            yield case
        return
    account = request.user if isinstance(request.user, Account) else None
    mine = Reporter.objects.filter(case__number=number, account_id=account.id) if account else Reporter.objects.none()
    found = Case.objects.defer("search").filter(id__in=mine.values("case_id")).first()
    if found is None:
        raise Problem(
            "case-not-found",
            _("This case is not open to you here."),
            status=404,
            detail=_("Give its number and code, or sign in with the account that reported it."),
        )
    yield found


def mine(account: Account, most: int = 100) -> list[presentation.Row]:
    """The cases that an account reported, newest first."""
    own = Reporter.objects.filter(account_id=account.id).values("case_id")
    return presentation.rows(list(Case.objects.defer("search").filter(id__in=own).order_by("-opened_at")[:most]))


def follow(case: Case) -> Followed:
    """Everything that its reporter is told about a case."""
    kind = type_store.version(case.type_name, case.type_version).definition
    history = presentation.history(case, kind)
    body = directory.bodies_named([case.organisation_id])
    grade = naming.in_force().staff_reporter
    given = Rating.objects.filter(case_id=case.id, round=case.round, step=rating.END, additional=False).first()
    return Followed(
        case,
        in_language(kind.title),
        in_language(kind.state(case.state).title),
        places.title_for(case.division_path, full=True),
        body.get(case.organisation_id, "") if case.organisation_id else "",
        presentation.facts(case, kind).result,
        presentation.stages(case, kind, history),
        [_told(step, kind, grade) for step in history if step.moved or step.event.action in TOLD],
        [one for one in attachments.of_case(case) if one.width is not None],
        naming.named(directory.names_of([case.assignee_id]).get(case.assignee_id, ""), grade)
        if case.assignee_id
        else "",
        given,
        kind.rating is not None and not case.is_open and given is None,
        rating.may_reopen(case, kind),
    )


def _told(step: presentation.Step, kind: Definition, grade: naming.Grade) -> Told:
    event = step.event
    ends = bool(step.moved) and kind.state(event.to_state).final
    # what the reporter himself did bears no name
    who = "" if event.action in OWN_WORDS or event.action == "open" else naming.named(event.actor_name, grade)
    return Told(step.title, event.at, event.note if ends or event.action in OWN_WORDS else "", who)


def photo(case: Case, attachment_id: UUID) -> Attachment:
    """One of the pictures of a case; raises Problem 404."""
    found = Attachment.objects.filter(id=attachment_id, case_id=case.id, width__isnull=False).first()
    if found is None:
        raise Problem("no-photo", _("There is no such photo"), status=404)
    return found
