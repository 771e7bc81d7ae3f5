"""Tells whoever applied what a person decided, and what is still needed: once for each, with the words that were written."""

from collections.abc import Mapping
from typing import Final

from django.db import transaction

from onecity.domains.services.applying import kinds, sentences
from onecity.domains.services.applying.models import Application, Outcome
from onecity.domains.services.items import store
from onecity.domains.services.items.models import Sort
from onecity.kernel.cases.models import Case, CaseEvent
from onecity.kernel.notify.models import Message
from onecity.kernel.notify.service import Notice, send_many

# what a message calls an outcome, in both languages; the account's own is chosen when it is sent
STATES: Final[Mapping[str, Mapping[str, str]]] = {
    Outcome.ISSUED: {"zh": "已批准", "en": "granted"},
    Outcome.REFUSED: {"zh": "不予批准", "en": "refused"},
}
ASKED: Final = "asked"


def decided(application: Application, case: Case, why: str) -> None:
    """Tell the outcome of a case that a person decided; withdrawn by himself needs no telling. The same again tells nothing."""
    state = STATES.get(application.outcome)
    if state is None:
        return
    said = {"item": _name(application), "number": case.number, "state": dict(state), "why": why}
    key = f"decided:{application.id}:{case.version}"
    send_many([Notice(application.account_id, sentences.DECIDED, said, key, _link(case))])


@transaction.atomic
def asked(most: int = 500) -> int:
    """Tell what offices ask for, each question once; returns how many were new."""
    cases = list(
        Case.objects.defer("search").filter(type_name__startswith=kinds.PREFIX, state=ASKED, source="service")[:most]
    )
    by_case = {one.case_id: one for one in Application.objects.filter(case_id__in=[case.id for case in cases])}
    notices = []
    for case in cases:
        application = by_case.get(case.id)
        event = CaseEvent.objects.filter(case_id=case.id, to_state=ASKED).order_by("-version").first()
        if application is not None and event is not None:
            said = {"item": _name(application), "number": case.number, "note": event.note}
            key = f"asked:{application.id}:{event.version}"
            notices.append(Notice(application.account_id, sentences.ASKED, said, key, _link(case)))
    told = set(Message.objects.filter(key__in=[one.key for one in notices]).values_list("key", flat=True))
    return send_many([one for one in notices if one.key not in told])


def _name(application: Application) -> dict[str, str]:
    return dict(store.version(Sort.ITEM, application.item_code, application.item_number).item.name)


def _link(case: Case) -> str:
    return f"/my/applications/{case.number}"
