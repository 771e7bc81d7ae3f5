"""What a shared write came to: done, refused, or done in part and who did not do his part (6.3.17, 5.2.16-5.2.19)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from onecity.kernel.core.errors import Problem
from onecity.kernel.core.text import lazy as _
from onecity.kernel.twin.ngsild.federation.distributing.asking import Reply
from onecity.kernel.twin.ngsild.federation.distributing.names import Names
from onecity.kernel.twin.ngsild.model import problems
from onecity.kernel.twin.ngsild.model.problems import ERRORS, NgsiProblem

MULTI_STATUS: Final = 207
BAD_GATEWAY, GATEWAY_TIMEOUT, LOOP_DETECTED = 502, 504, 508
LATE: Final = frozenset({"timeout", "cooling"})
NOT_FOUND: Final = "ResourceNotFound"
EXISTS: Final = "AlreadyExists"
# statuses of a source that mean the same here
TOLD: Final = frozenset({404, 409})


@dataclass(frozen=True, slots=True)
class Part:
    """What became of one part of a write: here (`registration` "") or at a source; `problem` None where it was done."""

    registration: str
    names: Names
    problem: Problem | None = None
    created: bool = False


def of_reply(reply: Reply, names: Names) -> Part:
    """The part that a source was given."""
    return Part(reply.registration.id, names, problem_of(reply), created=reply.ok and reply.status == 201)


def conflict(registration: str, names: Names) -> Part:
    """The part of a source that holds it alone, but does not offer the operation (5.6.1.4)."""
    detail = _("The source that holds this does not offer the operation.")
    return Part(registration, names, problems.problem("Conflict", detail))


def not_offered(registration: str, names: Names) -> Part:
    """The part of a source that has the entity already and offers no way to change it (5.6.8.4)."""
    detail = _("The source already has this and offers no operation to change it.")
    return Part(registration, names, problems.problem("OperationNotSupported", detail))


def is_taken(part: Part) -> bool:
    """Whether the source said that it has the entity already."""
    return part.problem is not None and part.problem.code == EXISTS


def problem_of(reply: Reply) -> NgsiProblem | None:
    """What a writer is to be told of a reply; None where all was done."""
    if reply.ok and reply.status != MULTI_STATUS:
        return None
    if reply.fault == "loop":
        return _gateway(LOOP_DETECTED, _("The registrations of two sources lead to each other."))
    if reply.fault in LATE or reply.status == GATEWAY_TIMEOUT:
        return _gateway(GATEWAY_TIMEOUT, _("The source did not answer in time."))
    if reply.status in TOLD:
        return _told_problem(reply)
    if reply.status == MULTI_STATUS:
        return _gateway(BAD_GATEWAY, _("The source did only a part of it: {detail}", detail=_told(reply)))
    if reply.fault == "error":
        detail = _("The source answered with status {status}: {detail}", status=reply.status, detail=_told(reply))
        return _gateway(BAD_GATEWAY, detail)
    return _gateway(BAD_GATEWAY, _("The source could not be reached."))


def _told_problem(reply: Reply) -> NgsiProblem:
    if reply.status == 404:
        return problems.problem(NOT_FOUND, _("The source has no such thing."))
    if _type(reply) in {EXISTS, ""}:
        return problems.problem(EXISTS, _("The source already has this."))
    return problems.problem("Conflict", _("The source refuses: the operation conflicts with what is there."))


def settled(parts: Sequence[Part], *, creating: bool) -> list[Part]:
    """The parts that count: where others have the entity, it is no error that it is not here."""
    local = [part for part in parts if not part.registration]
    others = [part for part in parts if part.registration]
    absent = [part for part in local if part.problem is not None and part.problem.code == NOT_FOUND]
    if creating or not absent or not others:
        return list(parts)
    return others


def refusal(parts: Sequence[Part]) -> Problem | None:
    """The one problem where nothing was done; None where something was, or where several sources say different things."""
    failed = [part.problem for part in parts if part.problem is not None]
    if not failed or len(failed) < len(parts):
        return None
    return failed[0] if len({(one.status, one.code) for one in failed}) == 1 else None


def batch_result(urn: str, parts: Sequence[Part]) -> dict[str, Any]:
    """A BatchOperationResult about one entity (5.2.16)."""
    done = [urn] if any(part.problem is None for part in parts) else []
    return {"success": done, "errors": errors(urn, parts)}


def errors(urn: str, parts: Iterable[Part]) -> list[dict[str, Any]]:
    """The BatchEntityErrors of the parts that failed (5.2.17)."""
    return [
        {"entityId": urn, "error": part.problem.to_dict()}
        | ({"registrationId": part.registration} if part.registration else {})
        for part in parts
        if part.problem is not None
    ]


def update_result(names: Sequence[tuple[str, str]], parts: Sequence[Part]) -> dict[str, Any]:
    """An UpdateResult (5.2.18). `names`: stored name and IRI of each attribute that was to be written."""
    failed = [
        {"attributeName": iri, "reason": _reason(part.problem)}
        | ({"registrationId": part.registration} if part.registration else {})
        for part in parts
        if part.problem is not None
        for name, iri in names
        if name in part.names
    ]
    done = [iri for name, iri in names if any(part.problem is None and name in part.names for part in parts)]
    return {"updated": done, "notUpdated": failed}


def _reason(problem: Problem) -> str:
    return str(problem.detail) or str(problem.title)


def _gateway(status: int, detail: object) -> NgsiProblem:
    made = problems.problem("InternalError", status=status)
    made.detail = detail
    return made


def _type(reply: Reply) -> str:
    given = reply.body.get("type") if isinstance(reply.body, dict) else ""
    return given.removeprefix(ERRORS) if isinstance(given, str) else ""


def _told(reply: Reply) -> str:
    """What the source says in words, short."""
    if not isinstance(reply.body, dict):
        return ""
    told = (
        reply.body.get("detail") or reply.body.get("title") or reply.body.get("errors") or reply.body.get("notUpdated")
    )
    return str(told or "")[:300]
