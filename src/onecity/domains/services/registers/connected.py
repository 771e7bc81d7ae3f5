"""The source that this installation asks; without one every question ends as away, and papers are handed in."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from onecity.domains.services.registers import catalogue
from onecity.domains.services.registers.port import Answer, Question, RefusedError, Source


class Nobody:
    """No source at all: nothing is answered, nothing is guessed."""

    def ask(self, question: Question) -> Answer:
        """Refuse."""
        raise RefusedError(question.register, "away", "no source is connected")

    def ask_many(self, questions: Sequence[Question]) -> list[Answer | RefusedError]:
        """Refuse each."""
        return [RefusedError(one.register, "away", "no source is connected") for one in questions]


_connected: list[Source] = [Nobody()]


def connect(source: Source) -> None:
    """Ask this one from now on."""
    _connected[-1] = source


@contextmanager
def connected_to(source: Source) -> Iterator[None]:
    """Ask this one within."""
    _connected.append(source)
    try:
        yield
    finally:
        _connected.pop()


def ask_many(questions: Sequence[Question]) -> list[Answer | RefusedError]:
    """Ask the connected source; what no register has, and what needs a consent that is missing, never leaves the house.

    A source that breaks is away: every answer that did not come is a refusal in its place.
    """
    found: list[Answer | RefusedError | None] = [_barred(one) for one in questions]
    open_ = [place for place, one in enumerate(found) if one is None]
    asked = [questions[place] for place in open_]
    try:
        answers = _connected[-1].ask_many(asked) if asked else []
    except (OSError, TimeoutError) as error:
        answers = [RefusedError(one.register, "away", str(error)) for one in asked]
    for place, answer in zip(open_, answers, strict=True):
        found[place] = answer
    return [one for one in found if one is not None]


def _barred(question: Question) -> RefusedError | None:
    strange = catalogue.unknown(question.register, question.fields)
    if strange:
        return RefusedError(question.register, "unknown", ", ".join(strange))
    if not question.purpose.strip() or not question.legal_basis.strip():
        return RefusedError(question.register, "refused", "a question needs a purpose and a legal basis")
    if catalogue.needs_consent(question.register, question.fields) and not question.consent:
        return RefusedError(question.register, "consent")
    return None
