"""Asks registers about a party for an application, and writes down every question with its result."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from onecity.domains.services.applying.logic import facts
from onecity.domains.services.applying.logic.resolving import Fetched
from onecity.domains.services.applying.models import RegisterUse
from onecity.domains.services.applying.parties import Party
from onecity.domains.services.items.logic.item import Item
from onecity.domains.services.registers import catalogue, connected
from onecity.domains.services.registers.port import Answer, Question, RefusedError, Subject, plain
from onecity.kernel.people.models import Account

LONGEST_BASIS = 500


@dataclass(frozen=True)
class Errand:
    """For what is asked: the item, with the names of the values that its table looks at, and the draft it belongs to."""

    item: Item
    inputs: tuple[str, ...] = ()
    reference: UUID | None = None

    @property
    def purpose(self) -> str:
        """What registers and residents are told."""
        return f"办理“{self.item.name.get('zh', self.item.code)}”"


def fetch(errand: Errand, party: Party, asker: Account | None, consents: Iterable[str]) -> dict[str, Fetched]:
    """Ask every register that the item needs about one party, in one go; each question is written down."""
    found = fetch_many(errand, [party], asker, consents)
    return found[0]


def fetch_many(
    errand: Errand, parties: Sequence[Party], asker: Account | None, consents: Iterable[str]
) -> list[dict[str, Fetched]]:
    """The same for many parties, in their order."""
    agreed = frozenset(consents)
    wanted = facts.asked_of_registers(errand.item, errand.inputs)
    questions = [
        _question(errand, party.subject, register, fields, agreed)
        for party in parties
        for register, fields in wanted.items()
    ]
    answers = connected.ask_many(questions)
    of = [party for party in parties for _register in wanted]
    RegisterUse.objects.bulk_create(
        [
            use(party, asker, question, answer, errand.item.code, errand.reference)
            for party, question, answer in zip(of, questions, answers, strict=True)
        ],
        batch_size=1000,
    )
    width = len(wanted)
    fetched = [_fetched(one.register, answer) for one, answer in zip(questions, answers, strict=True)]
    return [{one.register: one for one in fetched[i * width : (i + 1) * width]} for i in range(len(parties))]


def _question(
    errand: Errand, subject: Subject, register: str, fields: tuple[str, ...], agreed: frozenset[str]
) -> Question:
    return Question(
        register, subject, fields, errand.purpose, _basis(errand.item, register), consent=register in agreed
    )


def _basis(item: Item, register: str) -> str:
    """The ground on which an item may read a register: that of the material, else that of the item itself."""
    for one in item.materials:
        if one.source is not None and one.source.register == register and one.source.legal_basis.get("zh"):
            return one.source.legal_basis["zh"][:LONGEST_BASIS]
    grounds = [f"{one.name.get('zh', '')} {one.clause}".strip() for one in item.legal_basis]
    return "；".join(one for one in grounds if one)[:LONGEST_BASIS]


def use(
    party: Party,
    asker: Account | None,
    question: Question,
    answer: Answer | RefusedError,
    item_code: str = "",
    reference: UUID | None = None,
) -> RegisterUse:
    """A question with its result, not yet written."""
    known = answer if isinstance(answer, Answer) else None
    return RegisterUse(
        asker_id=asker.id if asker else None,
        asker_name=str(asker)[:120] if asker else "",
        principal_id=party.identity.id,
        register=question.register,
        fields=list(question.fields),
        purpose=question.purpose[:300],
        legal_basis=question.legal_basis,
        consent=question.consent,
        item_code=item_code,
        reference=reference,
        result=answer.status if isinstance(answer, Answer) else answer.reason,
        system=known.system if known else "",
        entry=known.entry if known else "",
        record=known.record if known else "",
        digest=known.digest if known else "",
    )


def _fetched(register: str, answer: Answer | RefusedError) -> Fetched:
    if isinstance(answer, RefusedError):
        return Fetched(register, failure=answer.reason)
    if answer.status == "none":
        return Fetched(
            register, system=answer.system, entry=answer.entry, at=answer.at.isoformat(), failure="not-found"
        )
    return Fetched(
        register, plain(answer.values), answer.system, answer.entry, answer.record, answer.at.isoformat(), answer.digest
    )


def consents_needed(item: Item, inputs: Iterable[str] = ()) -> list[str]:
    """The registers of which an item needs something that the person has to agree to first."""
    wanted = facts.asked_of_registers(item, inputs)
    known = catalogue.registers()
    sources = {one.source.register for one in item.materials if one.source is not None and one.source.consent}
    return [
        name
        for name, fields in wanted.items()
        if name in known and (name in sources or catalogue.needs_consent(name, fields))
    ]


def known_facts(fetched: Mapping[str, Fetched]) -> dict[str, Any]:
    """What registers answered, by `register.field`."""
    return {f"{register}.{name}": value for register, one in fetched.items() for name, value in one.values.items()}
