"""What is to be done to one entity, and what came of it."""

from collections.abc import Callable
from dataclasses import dataclass

from onecity.kernel.core.errors import Problem
from onecity.kernel.twin.ngsild.model.stored import Outcome, StoredEntity

# the entity as it is now (None: there is none) and the moment of writing → what it becomes (None: it is deleted);
# raises Problem
Change = Callable[[StoredEntity | None, str], Outcome | None]


@dataclass(frozen=True, slots=True)
class Operation:
    """One change to the entity `urn`; `change` is pure and may be called again when the transaction must be repeated."""

    urn: str
    change: Change


@dataclass(frozen=True, slots=True)
class Result:
    """What came of an operation: its outcome, or the problem that kept it from being done.

    `created`: the entity was not there before; `deleted`: it is not there any more, and there is no outcome.
    """

    urn: str
    outcome: Outcome | None = None
    problem: Problem | None = None
    created: bool = False
    deleted: bool = False
