"""Answers the port of registers for the simulated district; a register can be switched off, to see what happens then."""

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from onecity.domains.services.registers import catalogue
from onecity.domains.services.registers.port import Answer, Question, RefusedError, Value
from onecity.kernel.core.clock import now
from onecity.sim.registers import answers, people
from onecity.sim.registers.answers import BOOKS, Asked
from onecity.sim.registers.people import Person, Population

OFFSET = dt.timezone(dt.timedelta(hours=8))
# the registers that know companies by themselves; the others know their owner
OF_COMPANIES = frozenset({"companies", "tax", "credit", "sites", "real_estate"})


@dataclass
class Registers:
    """All registers over one population of so many households, drawn when first asked. `towns`: path and name of each, or
    who knows them; `away`: registers that do not answer."""

    households: int = 1_500
    towns: Sequence[tuple[str, str]] | Callable[[], Sequence[tuple[str, str]]] = ()
    away: set[str] = field(default_factory=set)

    @cached_property
    def population(self) -> Population:
        """Everybody who is in the registers."""
        return people.draw(self.households)

    def ask(self, question: Question) -> Answer:
        """Answer one question; raises RefusedError where the register is away or does not exist."""
        book = BOOKS.get(question.register)
        if book is None:
            raise RefusedError(question.register, "unknown")
        if question.register in self.away:
            raise RefusedError(question.register, "away", "the simulated register is switched off")
        entry = catalogue.registers()[question.register]
        moment = now()
        values = self._values(question, moment.astimezone(OFFSET).date())
        if values is None:
            return Answer(question.register, "none", entry.system, entry.entry, moment)
        wanted = {name: values.get(name) for name in question.fields}
        record = f"{entry.entry}-{question.subject.number[-6:]}"
        return Answer(question.register, "found", entry.system, entry.entry, moment, record, wanted)

    def ask_many(self, questions: Sequence[Question]) -> list[Answer | RefusedError]:
        """Answer each; a refusal stands in the place of its answer."""
        return [self._answer(one) for one in questions]

    def _answer(self, question: Question) -> Answer | RefusedError:
        try:
            return self.ask(question)
        except RefusedError as refused:
            return refused

    def _values(self, question: Question, day: dt.date) -> dict[str, Value] | None:
        subject = question.subject
        if subject.kind == "person":
            person = self.population.people.get(subject.number)
            return BOOKS[question.register](self._asked(person, day)) if person else None
        company = self.population.by_code.get(subject.number)
        if company is None or question.register not in OF_COMPANIES:
            return None
        asked = self._asked(self.population.people[company.owner], day)
        return (
            answers.of_company(asked, company) if question.register == "companies" else BOOKS[question.register](asked)
        )

    def _asked(self, person: Person, day: dt.date) -> Asked:
        towns = self.towns() if callable(self.towns) else self.towns
        return Asked(self.population, person, day, towns)

    def knows(self, number: str, name: str) -> bool:
        """Whether this number belongs to somebody of this name."""
        found = self.population.people.get(number)
        return found is not None and found.name == name
