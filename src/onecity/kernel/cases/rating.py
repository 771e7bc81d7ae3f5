"""Ratings and words of residents: each rating once, a bad one with a text opens a case, and no word is lost after the end."""

import datetime as dt
from dataclasses import dataclass
from typing import Final

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from onecity.kernel.cases import announcing, appending, changing, steps, type_store
from onecity.kernel.cases.changing import Act, Work
from onecity.kernel.cases.logic.definition import Definition, Transition
from onecity.kernel.cases.models import Case, Rating
from onecity.kernel.cases.opening import NewCase, open_case
from onecity.kernel.cases.reporting import Person
from onecity.kernel.core.clock import now
from onecity.kernel.core.errors import FieldError, Problem
from onecity.kernel.people.models import Account

CHANNELS: Final = frozenset({"web", "app", "phone", "window", "kiosk", "hotline"})
END: Final = "end"
LONGEST_TEXT: Final = 2000
# so many ratings of one account within an hour are no longer those of one person about his own cases
MANY, WITHIN = 10, dt.timedelta(hours=1)


@dataclass(frozen=True)
class Given:
    """A rating as it is given; `additional`: a further word beside the first one."""

    stars: int
    text: str = ""
    channel: str = "web"
    step: str = END
    additional: bool = False


@transaction.atomic
def rate(case: Case, given: Given, account: Account | None) -> Rating:
    """Rate a case in the name of its reporter (`account` None: somebody who holds its code).

    A bad rating with a text opens a case of the kind that the type names, in the same transaction. Raises Problem 409
    where this step was rated in this round, or the case has not come so far; 422 for stars or a channel that do not exist.
    """
    _check(given)
    case = changing.lock(case.id)
    kind = type_store.version(case.type_name, case.type_version).definition
    if kind.rating is None or (given.step == END and case.is_open):
        raise Problem("rating-too-early", _("This can be rated when it has ended."), status=409)
    of_step = Rating.objects.filter(case_id=case.id, round=case.round, step=given.step)
    if of_step.filter(additional=False).exists() != given.additional:
        sentence = (
            _("This was not rated yet.") if given.additional else _("This was rated already. You can add a word.")
        )
        raise Problem("rating-given", sentence, status=409)
    made = Rating.objects.create(
        case_id=case.id,
        round=case.round,
        step=given.step,
        stars=given.stars,
        text=given.text.strip(),
        channel=given.channel,
        account_id=account.id if account else None,
        real_name=account is not None and account.assurance_level >= 1,
        additional=given.additional,
        flagged=_flagged(account),
    )
    appending.append_many([case.id], "rated", "★" * given.stars + (f" {made.text}" if made.text else ""))
    if given.stars <= kind.rating.bad and made.text and kind.rating.opens:
        _open_for(case, made, kind.rating.opens)
    return made


def _check(given: Given) -> None:
    errors = []
    if not 1 <= given.stars <= 5:
        errors.append(FieldError("stars", _("Give one to five stars.")))
    if given.channel not in CHANNELS:
        errors.append(FieldError("channel", _("There is no such channel.")))
    if len(given.text) > LONGEST_TEXT or "\0" in given.text:
        errors.append(FieldError("text", _("Write at most %(most)s characters.") % {"most": LONGEST_TEXT}))
    if errors:
        raise Problem("rating-invalid", _("This rating cannot be taken."), status=422, errors=errors)


def _flagged(account: Account | None) -> bool:
    if account is None:
        return False
    return Rating.objects.filter(account_id=account.id, at__gt=now() - WITHIN).count() >= MANY


def _open_for(case: Case, made: Rating, kind: str) -> Case:
    new = NewCase(
        type_name=kind,
        title=f"{'★' * made.stars} {case.number} {case.title}"[:200],
        description=made.text,
        division_path=case.division_path,
        source="rating",
        source_key=f"rating:{made.id}",
        address=case.address,
        lon=case.lon,
        lat=case.lat,
        evidence={"rated_case": str(case.id), "stars": made.stars},
        organisation_id=case.organisation_id,
        # whoever rated may see what comes of it
        reporter=Person(account_id=made.account_id),
    )
    return open_case(new)


@transaction.atomic
def say(case: Case, text: str, account: Account | None, *, unsolved: bool = False) -> Case:
    """A resident's word about his case, before or after its end; whoever has it is told. `unsolved`: it is not done; an
    ended case is then reopened, if its type allows it that long. Raises Problem 422 for no word."""
    text = text.strip()
    if not text:
        raise changing.invalid("note", _("Write what you want to say."))
    changing.check_note(text)
    case = changing.lock(case.id)
    appending.append_many([case.id], "word", text)
    case = changing.lock(case.id)
    announcing.spoken(case, text)
    kind = type_store.version(case.type_name, case.type_version).definition
    step = _reopening(case, kind) if unsolved else None
    if step is None:
        return case
    work = Work(case, kind, Act(step.name, text, {"by": "resident"}), account)
    made = steps.apply(work, step)
    if changing.save(case, made):
        announcing.changed(case, made)
        announcing.sent(case)
    return case


def may_reopen(case: Case, kind: Definition) -> bool:
    """Whether the resident's word that it is not solved reopens this case."""
    return _reopening(case, kind) is not None


def _reopening(case: Case, kind: Definition) -> Transition | None:
    if case.closed_at is None or not kind.reopens_days:
        return None
    if now() > case.closed_at + dt.timedelta(days=kind.reopens_days):
        return None
    return next((t for t in kind.transitions if t.means == "reopen" and case.state in t.sources), None)
