"""Tables that decide on items: a decision table with its words in both languages, and what its inputs may be named.

A table of an item gives `outcome`: grant, refuse or person (somebody has to look), and where money is paid `amount`; one that
finds the entitled gives `outcome` grant or refuse as well. Inputs are named `register.field` or by a property of the form.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from onecity.domains.services.items.logic.item import Text
from onecity.kernel.rules.decisions import plain, table
from onecity.kernel.rules.decisions.region import Value
from onecity.kernel.rules.decisions.table import Decision, Table

OUTCOME: Final = "outcome"
OUTCOMES: Final = ("grant", "refuse", "person")


@dataclass(frozen=True)
class Deciding:
    """A table ready to decide, with what it is called and why each of its rules holds, in both languages."""

    name: str
    title: Text
    table: Table
    labels: Mapping[str, Text]
    reasons: Sequence[Text]

    def decide(self, values: Mapping[str, Value | int | None]) -> Decision:
        """What it says of these values; raises UndecidedError."""
        return table.decide(self.table, values)

    def why(self, decision: Decision) -> list[Text]:
        """The reasons of the rules that decided."""
        return [self.reasons[number - 1] for number in decision.fired]

    @property
    def inputs(self) -> tuple[str, ...]:
        """The names of the values that it looks at."""
        return tuple(one.name for one in self.table.inputs)


def read(data: Mapping[str, Any]) -> Deciding:
    """A table from its JSON data; raises TableError."""
    shape = plain.shape(data)
    labels = {one.name: _text(one.label) for one in shape.inputs}
    labels |= {one.name: _text(one.label) for one in shape.outputs}
    return Deciding(shape.name, _text(shape.title), plain.of(shape), labels, [_text(one.reason) for one in shape.rules])


def _text(text: plain.Text) -> Text:
    if not isinstance(text, str):
        return dict(text)
    zh, bar, en = text.partition("|")
    return {"zh": zh.strip(), "en": en.strip()} if bar else {"zh": text}
