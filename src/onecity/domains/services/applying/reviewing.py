"""What comes of appeals and spot checks: a decision that was wrong is taken up again by a person, its certificate revoked."""

import logging
from uuid import UUID

from django.db import transaction

from onecity.domains.services.applying import kinds
from onecity.domains.services.applying.models import Application, Outcome
from onecity.kernel.cases import acting
from onecity.kernel.cases.models import Case, CaseEvent
from onecity.kernel.core.errors import Problem
from onecity.kernel.core.ids import parse_id
from onecity.kernel.records.certificates import states

log = logging.getLogger(__name__)


def follow(most: int = 200) -> int:
    """Take up again what was found wrong; returns how many. One that cannot be taken up holds up no other."""
    wrong = Case.objects.filter(
        type_name__in=[kinds.APPEAL, kinds.AUDIT], state="overturned", source="service"
    ).order_by("-closed_at")
    done = 0
    for review in list(wrong.defer("search")[:most]):
        identity = parse_id(str(review.evidence.get("application", "")))
        try:
            with transaction.atomic():
                done += _take_up(review, identity) if identity else 0
        except Problem as problem:
            log.warning("the review %s has no effect: %s", review.number, problem)
    return done


def _take_up(review: Case, identity: UUID) -> int:
    application = Application.objects.select_for_update().filter(id=identity).first()
    if application is None or application.decided_at is None or review.closed_at is None:
        return 0
    if application.outcome not in {Outcome.ISSUED, Outcome.REFUSED} or application.decided_at > review.closed_at:
        return 0
    if application.decided_at > review.opened_at:
        return 0
    last = CaseEvent.objects.filter(case_id=review.id, to_state="overturned").order_by("-version").first()
    note = (last.note if last else "") or review.number
    if application.certificate_id is not None:
        states.revoke(application.certificate_id, None, f"{review.number}：{note}"[:500])
    acting.act(application.case_id, "reopen", None, note)
    application.outcome, application.person = Outcome.OPEN, "review"
    application.decided_at, application.certificate_id = None, None
    application.save(update_fields=["outcome", "person", "decided_at", "certificate_id"])
    return 1
