"""What the sources of a snapshot's queries have, asked for before the space is filled (5.16.1.4, 5.7.2.4)."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from onecity.kernel.core import clock
from onecity.kernel.core.errors import Problem
from onecity.kernel.core.text import lazy as _
from onecity.kernel.twin.ngsild.federation.distributing import limits, querying, serving
from onecity.kernel.twin.ngsild.federation.distributing.gate import Federation
from onecity.kernel.twin.ngsild.federation.distributing.querying import Query
from onecity.kernel.twin.ngsild.http.request import Request
from onecity.kernel.twin.ngsild.http.selecting import Question, narrow
from onecity.kernel.twin.ngsild.model import problems
from onecity.kernel.twin.ngsild.model.stored import StoredEntity
from onecity.kernel.twin.ngsild.snapshots.asking import Wanted
from onecity.kernel.twin.ngsild.store.times import text_of

OPERATIONS: Final = frozenset({"queryEntity", "queryBatch"})


@dataclass(frozen=True, slots=True)
class Gathered:
    """The entities that one query finds here and at sources, or the `problem` that kept it from that.

    `warnings`: what sources could not tell.
    """

    entities: Sequence[StoredEntity] = ()
    warnings: Sequence[str] = field(default_factory=list)
    problem: Problem | None = None


async def gather(request: Request, federation: Federation | None, wanted: Wanted) -> Gathered | None:
    """What a query finds in all; None where no source has anything to do with it."""
    if federation is None or not all(map(narrow, wanted.selections)):
        return None
    question = Question(wanted.selections, limits.MOST_PAGED)
    query = Query(serving.asked(wanted.parameters, question), OPERATIONS, limits.MOST_PAGED)
    try:
        page = await querying.query(federation, request, query, text_of(clock.now_us()))
    except Problem as problem:
        return Gathered(problem=problem)
    if page is None:
        return None
    # where a source failed it is not known whether there is more, and that is told
    if page.more and (not page.warnings or len(page.entities) >= limits.MOST_PAGED):
        detail = _("A snapshot holds at most {most} of these.", most=limits.MOST_PAGED)
        return Gathered(problem=problems.problem("TooManyResults", detail))
    return Gathered(page.entities, page.warnings)
