"""An application as whoever sent it follows it: where it stands, who supplied what, why it was decided so, what he can do."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from onecity.domains.services.applying import kinds, paying
from onecity.domains.services.applying.models import (
    Application,
    Decision,
    Delivery,
    Outcome,
    Payment,
    PaymentState,
)
from onecity.domains.services.items import store
from onecity.domains.services.items.models import Sort
from onecity.domains.services.items.store import Published
from onecity.kernel.cases import acting, attachments, presentation, rating
from onecity.kernel.cases.intake.resident import following as reporting
from onecity.kernel.cases.intake.resident.following import Followed
from onecity.kernel.cases.models import Case, CaseEvent, Rating
from onecity.kernel.cases.opening import NewCase, open_case
from onecity.kernel.cases.rating import Given
from onecity.kernel.cases.reporting import Person
from onecity.kernel.core.clock import now
from onecity.kernel.core.errors import FieldError, Problem
from onecity.kernel.people import identity
from onecity.kernel.people.models import Account

# against a decision one may appeal for so long (行政复议法 第二十条: sixty days)
APPEAL_DAYS: Final = 60
LONGEST_WORD: Final = 2000


@dataclass(frozen=True)
class Course:
    """All that the page of an application says."""

    application: Application
    case: Case
    published: Published
    followed: Followed
    decision: Decision | None
    appeal: Case | None
    may_appeal: bool
    may_withdraw: bool
    asked: str
    rated: frozenset[str]
    payment: Payment | None
    pay_at: str
    delivery: Delivery | None
    may_post: bool


def course(account: Account, number: str) -> Course:
    """The application of this number; raises Problem 404 for any but one's own, in the same words as for none."""
    case = Case.objects.defer("search").filter(number=number, source="service").first()
    application = Application.objects.filter(own(account), case_id=case.id).first() if case else None
    if case is None or application is None:
        raise unknown()
    return _course(application, case)


def own(account: Account) -> Q:
    """The applications of an account: those that it sent, and those that a counter filed for the person behind it."""
    identity_ = identity.identity_of(account.id)
    return Q(account_id=account.id) | (Q(principal_id=identity_.id) if identity_ else Q(pk__in=[]))


def _course(application: Application, case: Case) -> Course:
    decision = Decision.objects.filter(application=application).order_by("-decided_at").first()
    appeal = Case.objects.filter(source_key=appeal_key(application)).defer("search").first()
    decided = application.decided_at
    recent = decided is not None and now() < decided + dt.timedelta(days=APPEAL_DAYS)
    last = CaseEvent.objects.filter(case_id=case.id, action="ask").order_by("-version").first()
    published = store.version(Sort.ITEM, application.item_code, application.item_number)
    payment = Payment.objects.filter(application=application).first()
    delivery = Delivery.objects.filter(application=application).first()
    rated = Rating.objects.filter(case_id=case.id, round=case.round, additional=False).values_list("step", flat=True)
    return Course(
        application,
        case,
        published,
        reporting.follow(case),
        decision,
        appeal,
        recent and appeal is None and application.outcome in {Outcome.ISSUED, Outcome.REFUSED},
        case.is_open and case.state in {"submitted", "accepted", "asked"},
        last.note if last and case.state == "asked" else "",
        frozenset(rated),
        payment,
        paying.PROVIDER.address(payment) if payment and payment.state != PaymentState.PAID else "",
        delivery,
        delivery is None and application.outcome == Outcome.ISSUED and published.item.channels.post,
    )


@dataclass(frozen=True)
class Whole:
    """One thing with its parts."""

    case: Case
    followed: Followed
    parts: Sequence[tuple[Application, presentation.Row]]


def whole(account: Account, number: str) -> Whole | None:
    """The one thing of this number with its parts, if it is one and the account's own."""
    case = Case.objects.defer("search").filter(number=number, type_name__startswith=kinds.BUNDLE_PREFIX).first()
    mine = Application.objects.filter(own(account), parent_id=case.id) if case else Application.objects.none()
    found = list(mine.order_by("submitted_at", "id"))
    if case is None or not found:
        return None
    cases = list(Case.objects.defer("search").filter(id__in=[one.case_id for one in found]))
    shown = {row.case.id: row for row in presentation.rows(cases)}
    return Whole(case, reporting.follow(case), [(one, shown[one.case_id]) for one in found if one.case_id in shown])


def unknown() -> Problem:
    """The problem for an application that is not there or not one's own; the answer does not tell which."""
    return Problem("application-unknown", _("There is no such application among yours."), status=404)


def appeal_key(application: Application) -> str:
    """The one appeal against an application's decision."""
    return f"appeal:{application.id}:{application.decided_at.isoformat() if application.decided_at else ''}"


@transaction.atomic
def withdraw(found: Course, text: str) -> None:
    """Take an application back; raises Problem 409 where it was decided in between."""
    if not found.may_withdraw:
        raise Problem("application-decided", _("This was decided already."), status=409)
    application = Application.objects.select_for_update().get(id=found.application.id)
    acting.act(found.case.id, "withdraw", None, _plain(text) or str(_("Withdrawn by the applicant")))
    application.outcome, application.decided_at, application.waiting = Outcome.WITHDRAWN, now(), False
    application.save(update_fields=["outcome", "decided_at", "waiting"])


@transaction.atomic
def correct(found: Course, text: str, files: Sequence[tuple[str, bytes]], account: Account) -> None:
    """Hand in what was asked for; the case goes back to whoever handles it. Raises Problem 409 where nothing was asked."""
    if found.case.state != "asked":
        raise Problem("nothing-asked", _("Nothing more is needed at the moment."), status=409)
    said = _plain(text)
    if not said and not files:
        wrong = FieldError("text", _("Write what you want to say, or add a file."))
        raise Problem(
            "correction-empty", _("Something is still needed before it can be sent."), status=422, errors=[wrong]
        )
    for name, content in files:
        attachments.attach(found.case.id, name, content, None)
    if said:
        rating.say(found.case, said, account)
    acting.act(found.case.id, "correct", None, said)


@transaction.atomic
def appeal(found: Course, text: str, account: Account) -> Case:
    """Appeal against the decision; once, a second time gives the same. Raises Problem 409 when it is too late for that."""
    if found.appeal is not None:
        return found.appeal
    said = _plain(text)
    if not said:
        wrong = FieldError("text", _("Say what is wrong with the decision."))
        raise Problem("appeal-empty", _("Something is still needed before it can be sent."), status=422, errors=[wrong])
    if not found.may_appeal:
        raise Problem("appeal-late", _("An appeal is possible for 60 days after the decision."), status=409)
    return open_case(
        NewCase(
            type_name=kinds.APPEAL,
            title=f"{found.case.number} {found.case.title}"[:200],
            division_path=found.application.division_path,
            source="service",
            source_key=appeal_key(found.application),
            description=said,
            evidence={"application": str(found.application.id), "case": str(found.case.id)},
            reporter=Person(name=account.display_name[:80], account_id=account.id),
        )
    )


def rate(found: Course, stars: int, text: str, account: Account) -> None:
    """Rate the step where the application is, or its end; each once."""
    where = rating.END if not found.case.is_open else found.case.state
    rating.rate(found.case, Given(stars, text, step=where), account)


def _plain(text: str) -> str:
    return text.replace("\0", "").strip()[:LONGEST_WORD]


def rows(account: Account, most: int = 100) -> list[dict[str, Any]]:
    """The applications of an account, newest first, each with its case."""
    found = list(Application.objects.filter(own(account)).order_by("-submitted_at")[:most])
    cases = Case.objects.defer("search").in_bulk([one.case_id for one in found])
    return [{"application": one, "case": cases[one.case_id]} for one in found if one.case_id in cases]
