"""Closed applications go into the archive: what was applied with, how it was handled, what came of it, each as files that last."""

import json
import logging
from collections.abc import Iterator, Sequence
from typing import Any, Final

from django.db import transaction

from onecity.domains.services.applying.models import Application, ArchiveRefusal, Decision
from onecity.domains.services.items import store
from onecity.domains.services.items.logic.item import Item
from onecity.domains.services.items.models import Sort
from onecity.kernel.cases import attachments, presentation, type_store
from onecity.kernel.cases.models import Case
from onecity.kernel.core.errors import Problem
from onecity.kernel.people.models import Identity
from onecity.kernel.records.archive import archiving
from onecity.kernel.records.archive.logic.matter import Deed, Document, Matter
from onecity.kernel.records.certificates import holding, verifying
from onecity.kernel.records.models import ArchivePackage, Certificate

log = logging.getLogger(__name__)
BATCH: Final = 200
SIGNED_ENDING: Final = ".jwt"
# what may be said of a certificate that was issued here: later revocation does not undo what was decided
GENUINE: Final = {"valid", "suspended", "revoked", "replaced", "expired", "not_yet"}
DUE = """
SELECT a.id FROM applying_application a JOIN cases_case c ON c.id = a.case_id
WHERE c.closed_at IS NOT NULL
AND NOT EXISTS (SELECT 1 FROM records_archivepackage p WHERE p.source_key = 'application:' || a.id::text)
AND NOT EXISTS (SELECT 1 FROM applying_archiverefusal r WHERE r.application_id = a.id)
ORDER BY c.closed_at LIMIT %s
"""


def archive_closed(most: int = BATCH) -> int:
    """Take closed applications in, oldest first; one that fails a check is noted with the reason. Returns how many went in."""
    done = 0
    for application in Application.objects.raw(DUE, [most]):
        try:
            with transaction.atomic():
                archiving.take_in(matter_of(application), genuine)
            done += 1
        except Problem as problem:
            log.warning("archive: application %s was not taken in: %s", application.id, problem)
            ArchiveRefusal.objects.create(application=application, reason=str(problem)[:2000])
    return done


def package_of(application: Application) -> ArchivePackage | None:
    """Where an application lies in the archive; None while it is not there."""
    return ArchivePackage.objects.filter(source_key=_key(application)).first()


def matter_of(application: Application) -> Matter:
    """A closed application as the archive takes it."""
    case = Case.objects.defer("search").get(id=application.case_id)
    item = _item(application)
    party = Identity.objects.filter(id=application.principal_id).first()
    closed = case.closed_at or case.started_at
    return Matter(
        source_key=_key(application),
        number=case.number,
        kind=application.item_code,
        title=case.title,
        fonds=item.authority.uscc,
        office=item.authority.name["zh"],
        division_path=application.division_path,
        party=party.name if party is not None else "",
        opened_at=application.submitted_at,
        closed_at=closed,
        outcome=application.get_outcome_display(),
        retention="D30" if application.certificate_id else "D10",
        documents=tuple(_documents(application, case, item)),
        deeds=_deeds(case, application),
        about={
            "申请渠道": application.channel,
            "事项版本": str(application.item_number),
            "情形": application.situation or "无",
        },
    )


def genuine(path: str, content: bytes) -> Sequence[str] | None:
    """What speaks against a certificate in a package; None for a file that is none."""
    if not path.endswith(SIGNED_ENDING):
        return None
    verdict = verifying.verify_token(content.decode("utf-8", "replace"))
    return [] if verdict.state in GENUINE else [str(step.text) for step in verdict.reasons if step.ok is False]


def _key(application: Application) -> str:
    return f"application:{application.id}"


def _item(application: Application) -> Item:
    content = store.version(Sort.ITEM, application.item_code, application.item_number).content
    if not isinstance(content, Item):
        raise TypeError(f"{application.item_code} is no item")
    return content


def _documents(application: Application, case: Case, item: Item) -> Iterator[Document]:
    sent, end = application.submitted_at, case.closed_at or application.submitted_at
    form = {
        "事项": item.name["zh"],
        "填写内容": application.answers,
        "核验信息": application.facts,
        "更正说明": application.disputed,
    }
    yield Document("application", "申请表.json", _json(form), sent, "申请人", "申请表")
    yield Document("application", "申请材料来源.json", _json(application.materials), sent, "系统", "材料及其来源")
    for one in attachments.of_case(case):
        yield Document("application", one.name, attachments.read(one), min(one.added_at, end), "申请人")
    for decision in Decision.objects.filter(application=application).order_by("decided_at"):
        said = {
            "决策表": decision.table_name, "版本": decision.table_number, "输入": decision.inputs, "命中规则": decision.fired,
            "结论": decision.outcome, "说明": decision.explanation,
        }  # fmt: skip
        yield Document("result", "办理决定.json", _json(said), min(decision.decided_at, end), "", "办理决定")
    issued = Certificate.objects.filter(id=application.certificate_id).first() if application.certificate_id else None
    if issued is not None:
        yield Document(
            "result",
            f"{issued.number}{SIGNED_ENDING}",
            holding.present(issued, holding.presentable(issued)).encode(),
            end,
            item.authority.name["zh"],
            "电子证照",
        )
    outcome = {"办理结果": application.get_outcome_display(), "办结时间": end.isoformat()}
    yield Document("result", "办理结果.json", _json(outcome), end, item.authority.name["zh"], "办理结果")


def _deeds(case: Case, application: Application) -> tuple[Deed, ...]:
    kind = type_store.version(case.type_name, case.type_version).definition
    steps = sorted(presentation.history(case, kind), key=lambda step: step.event.version)
    told = [Deed(step.event.at, str(step.title), step.who) for step in steps]
    return tuple(sorted([Deed(application.submitted_at, "提交申请", "申请人"), *told], key=lambda deed: deed.at))


def _json(content: Any) -> bytes:
    return json.dumps(content, ensure_ascii=False, indent=1, sort_keys=True, default=str).encode()
