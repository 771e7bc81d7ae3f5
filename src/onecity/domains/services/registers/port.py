"""What a shared source of data offers (数据共享): a question with its purpose and legal basis, and an answer with provenance."""

import datetime as dt
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Literal, Protocol

Kind = Literal["person", "company"]
# amounts are Decimal, days are dates; a list stands for several entries of one kind (children, flats)
Value = str | bool | int | Decimal | dt.date | tuple[str, ...] | None
Status = Literal["found", "none"]
Reason = Literal["away", "refused", "consent", "unknown"]


@dataclass(frozen=True, slots=True)
class Subject:
    """Whom a question is about: identity number of a person, or unified social credit code of a company."""

    kind: Kind
    number: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class Question:
    """One question to one register. `purpose` and `legal_basis` are told to the register and to the person asked about;
    `consent`: that person agreed to it."""

    register: str
    subject: Subject
    fields: tuple[str, ...]
    purpose: str
    legal_basis: str
    consent: bool = False


@dataclass(frozen=True, slots=True)
class Answer:
    """What a register knows: `values` by field, from which `system` and catalogue `entry`, under which `record` there."""

    register: str
    status: Status
    system: str
    entry: str
    at: dt.datetime
    record: str = ""
    values: Mapping[str, Value] = field(default_factory=dict)

    @property
    def digest(self) -> str:
        """SHA-256 of the values in one spelling: proves later what was answered without keeping it twice."""
        return hashlib.sha256(json.dumps(plain(self.values), sort_keys=True, ensure_ascii=False).encode()).hexdigest()


class RefusedError(RuntimeError):
    """A register did not answer: `reason` is away, refused (it does not share this), consent (missing) or unknown."""

    def __init__(self, register: str, reason: Reason, detail: str = "") -> None:
        super().__init__(f"{register}: {reason}" + (f" ({detail})" if detail else ""))
        self.register, self.reason, self.detail = register, reason, detail


class Source(Protocol):
    """Whoever answers for registers: an exchange platform, a catalogue of shared data, or the simulated district."""

    def ask(self, question: Question) -> Answer:
        """Answer one question; raises RefusedError."""
        ...

    def ask_many(self, questions: Sequence[Question]) -> list[Answer | RefusedError]:
        """Answer several; a refusal stands in the place of its answer and holds up no other."""
        ...


def plain(values: Mapping[str, Value]) -> dict[str, object]:
    """The values as JSON can hold them: days as ISO dates, amounts as text."""
    return {name: _plain(value) for name, value in values.items()}


def _plain(value: Value) -> object:
    if isinstance(value, dt.date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return format(value, "f")
    return list(value) if isinstance(value, tuple) else value
