"""Decides by table, without anybody in between: the decision, the end of the case and the certificate in one transaction.

A crash in between leaves an application that waits as it was; the next turn decides it. What cannot be decided by rule goes to
a person, with the reason. A small, drawn share of what was decided is looked at by a person afterwards.
"""

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction

from onecity.domains.services.applying import certifying, drafting, kinds, naming, paying
from onecity.domains.services.applying.books import Books
from onecity.domains.services.applying.logic import explaining, sampling
from onecity.domains.services.applying.models import Application, Decision, Outcome
from onecity.domains.services.items.logic.item import Item
from onecity.domains.services.items.logic.tables import OUTCOME, Deciding
from onecity.kernel.access import audit
from onecity.kernel.cases import opening, stepping
from onecity.kernel.cases.models import Case
from onecity.kernel.cases.opening import NewCase
from onecity.kernel.cases.stepping import Said
from onecity.kernel.core.clock import now
from onecity.kernel.rules.decisions.region import Value
from onecity.kernel.rules.decisions.table import UndecidedError

log = logging.getLogger(__name__)
GROUP: Final = 100
# of a hundred automatic decisions so many are looked at by a person, unless the item says otherwise (`x-audit-share`)
AUDIT_SHARE: Final = 0.02
ENDS: Final[Mapping[str, tuple[str, Outcome]]] = {
    "grant": ("issue", Outcome.ISSUED),
    "refuse": ("refuse", Outcome.REFUSED),
}

ENDED: Final = """
UPDATE applying_application a SET waiting = t.waiting, person = t.person, outcome = t.outcome, decided_at = t.decided_at,
    certificate_id = t.certificate_id
FROM unnest(%s::uuid[], %s::bool[], %s::text[], %s::text[], %s::timestamptz[], %s::uuid[])
    AS t(id, waiting, person, outcome, decided_at, certificate_id) WHERE a.id = t.id
"""


@dataclass(frozen=True)
class Ruling:
    """What a table says of one application: the values that it took, what came of it (`person`: nothing by rule), and why."""

    application: Application
    item: Item
    table: Deciding
    table_digest: str
    inputs: Mapping[str, Value | None]
    outcome: str
    outputs: Mapping[str, Any]
    fired: Sequence[int]
    explanation: Mapping[str, Sequence[str]]
    reason: str = ""


def decide_waiting(most: int = 10_000) -> int:
    """Decide what waits, oldest first, a group for each transaction; returns how many came to an end or to a person.

    Several may run at once: each takes what no other holds.
    """
    done = 0
    while done < most:
        with transaction.atomic():
            group = list(
                Application.objects.select_for_update(skip_locked=True)
                .filter(waiting=True)
                .order_by("submitted_at", "id")[:GROUP]
            )
            if not group:
                break
            decide_many(group)
        done += len(group)
    return done


@transaction.atomic
def decide_many(applications: Sequence[Application]) -> list[Application]:
    """Decide these applications, held by the caller; those that do not wait are left as they are.

    All in one transaction: decisions, ends of cases, certificates, the trail. Returns the applications as they are then.
    """
    waiting = [one for one in applications if one.waiting]
    if not waiting:
        return list(applications)
    books = Books.of(one.principal_id for one in waiting)
    rulings = [rule(one, books) for one in waiting]
    drawn_ = _finish([one for one in rulings if one.outcome in ENDS], books)
    _hand_over([one for one in rulings if one.outcome not in ENDS])
    _save(waiting)
    _record(rulings)
    _sample(drawn_)
    return list(applications)


def _save(rows: Sequence[Application]) -> None:
    """How they ended, in one statement."""
    with connection.cursor() as cursor:
        cursor.execute(
            ENDED,
            [
                [one.id for one in rows],
                [one.waiting for one in rows],
                [one.person for one in rows],
                [str(one.outcome) for one in rows],
                [one.decided_at for one in rows],
                [one.certificate_id for one in rows],
            ],
        )


def rule(application: Application, books: Books) -> Ruling:
    """What the table of an application's version says of it; nothing is written."""
    item = books.item(application.item_code, application.item_number)
    table, digest = books.table(application.table_name, application.table_number)
    return judged(application, item, table, digest, books)


def judged(application: Application, item: Item, table: Deciding, digest: str, books: Books) -> Ruling:
    """The same by a table that is given."""
    inputs = drafting.values_of(table, application.facts)
    outcome, reason = "person", ""
    outputs: Mapping[str, Any] = {}
    fired: Sequence[int] = ()
    explanation: Mapping[str, Sequence[str]] = {}
    try:
        decision = table.decide(inputs)
    except UndecidedError as error:
        reason = f"{error.reason}:{error.where}"[:20]
    else:
        outputs = dict(decision.rows[0]) if decision.rows else {}
        outcome, fired = str(outputs.get(OUTCOME) or "person"), decision.fired
        explanation = explaining.explain(table, decision, inputs, naming.of_inputs(table.inputs))
        reason = "table" if outcome == "person" else ""
    if outcome == "grant" and paying.fee_of(item):
        # what costs money is issued when it was paid for: the office sees to that
        outcome, reason = "person", "fee"
    if outcome == "grant" and certifying.lacking(item, application, outputs, books):
        outcome, reason = "person", "certificate"
    return Ruling(application, item, table, digest, inputs, outcome, outputs, fired, explanation, reason)


def _finish(rulings: Sequence[Ruling], books: Books) -> list[Ruling]:
    """The ends of the cases first: whoever withdrew in between is not decided any more. Returns those to be looked at."""
    if not rulings:
        return []
    moment = now()
    ended = _end_cases(rulings)
    standing = [one for one in rulings if one.application.case_id in ended]
    Decision.objects.bulk_create([_decision(one) for one in standing], batch_size=1000)
    granted = [one for one in standing if one.outcome == "grant"]
    certificates = certifying.issue([(one.item, one.application, one.outputs) for one in granted], books)
    for one in standing:
        application = one.application
        application.waiting, application.outcome = False, ENDS[one.outcome][1]
        application.decided_at = moment
        application.certificate_id = certificates.get(application.id)
    for one in rulings:
        one.application.waiting = False
    # last, since numbers of cases are given one after the other until a transaction ends
    return [one for one in standing if drawn(one)]


def _end_cases(rulings: Sequence[Ruling]) -> set[UUID]:
    cases = {case.id: case for case in Case.objects.only("id", "type_name", "type_version").filter(
        id__in=[one.application.case_id for one in rulings])}  # fmt: skip
    groups: dict[tuple[str, int, str], list[Said]] = {}
    for one in rulings:
        case = cases[one.application.case_id]
        note = "\n".join(one.explanation.get("zh", ()))
        said = Said(case.id, note, {"explanation": dict(one.explanation), "table": one.table.name})
        groups.setdefault((case.type_name, case.type_version, ENDS[one.outcome][0]), []).append(said)
    ended: set[UUID] = set()
    for (name, number, action), group in groups.items():
        ended |= stepping.end_many((name, number), action, group)
    return ended


def _decision(one: Ruling) -> Decision:
    return Decision(
        application=one.application,
        table_name=one.table.name,
        table_number=one.application.table_number,
        table_digest=one.table_digest,
        inputs={name: _plain(value) for name, value in one.inputs.items()},
        fired=list(one.fired),
        outputs={name: _plain(value) for name, value in one.outputs.items()},
        outcome=ENDS[one.outcome][1].value,
        explanation={language: list(lines) for language, lines in one.explanation.items()},
        decided_at=now(),
        sampled=drawn(one),
    )


def _plain(value: Value | None) -> object:
    return value if value is None or isinstance(value, bool | str) else str(value)


def drawn(one: Ruling) -> bool:
    """Whether a person looks at this decision afterwards."""
    share = one.item.form.get("x-audit-share", AUDIT_SHARE)
    key = str(settings.SECRET_KEY).encode()
    return sampling.drawn(
        key, one.application.id.bytes, float(share) if isinstance(share, int | float) else AUDIT_SHARE
    )


def _sample(rulings: Sequence[Ruling]) -> None:
    """Open a case for each decision of the sample."""
    opening.open_cases(
        [
            NewCase(
                type_name=kinds.AUDIT,
                title=str(one.item.name.get("zh", one.item.code)),
                division_path=one.application.division_path,
                source="service",
                source_key=f"audit:{one.application.id}",
                description="\n".join(one.explanation.get("zh", ())),
                evidence={"application": str(one.application.id)},
            )
            for one in rulings
        ]
    )


def _hand_over(rulings: Iterable[Ruling]) -> None:
    """What no rule decides stays with the office that handles the case."""
    for one in rulings:
        one.application.waiting, one.application.person = False, (one.reason or "table")[:20]


def _record(rulings: Sequence[Ruling]) -> None:
    """One event of the trail for a group: the decisions themselves, which only grow, say the rest."""
    first = rulings[0].application
    audit.record(
        "services.decided",
        actor_id=None,
        object_type="application",
        object_id=first.id,
        division_path=first.division_path,
        purpose="automatic decision",
        detail={
            "count": len(rulings),
            "applications": [str(one.application.id) for one in rulings],
            "outcomes": [one.outcome for one in rulings],
        },
    )
