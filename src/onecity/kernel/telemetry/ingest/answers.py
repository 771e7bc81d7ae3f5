"""What the door answers, in the sender's language: counts and the first errors, or a problem (RFC 9457)."""

import math
from collections.abc import Awaitable, Callable, Mapping, MutableMapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
from django.conf import settings
from django.utils.translation import get_supported_language_variant
from django.utils.translation import gettext_lazy as _
from django.utils.translation.trans_real import parse_accept_lang_header

from onecity.kernel.core.errors import MEDIA_TYPE, Problem
from onecity.kernel.telemetry import words
from onecity.kernel.telemetry.ingest.formats import Taken
from onecity.kernel.telemetry.logic.readings import Refusal, by_reason
from onecity.kernel.telemetry.models.quarantine import Reason

Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
SHOWN_ERRORS = 20


@dataclass(frozen=True, slots=True)
class Answer:
    """Status, headers and body of a response."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @staticmethod
    def of_problem(problem: Problem, path: str) -> "Answer":
        """A problem as problem+json, in the language active now."""
        headers = {"Content-Type": MEDIA_TYPE}
        if "retry_after" in problem.extra:
            headers["Retry-After"] = str(problem.extra["retry_after"])
        if problem.status == 401:
            headers["WWW-Authenticate"] = 'Bearer realm="onecity"'
        if "allow" in problem.extra:
            headers["Allow"] = ", ".join(problem.extra["allow"])
        return Answer(problem.status, headers, msgspec.json.encode(problem.to_dict(path)))

    async def send(self, send: Send, *, head_only: bool = False) -> None:
        """Send it through ASGI."""
        headers = {"Content-Length": str(len(self.body)), "Cache-Control": "no-store"} | dict(self.headers)
        if self.status == 204:
            headers.pop("Content-Length")
        raw = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
        await send({"type": "http.response.start", "status": self.status, "headers": raw})
        await send({"type": "http.response.body", "body": b"" if head_only else self.body})


def language(accept: str) -> str:
    """The language to answer in: the best of the header that we speak, else the district's own."""
    for code, _priority in parse_accept_lang_header(accept.lower()):
        if code == "*":
            break
        try:
            return get_supported_language_variant(code)
        except LookupError:
            continue
    return str(settings.LANGUAGE_CODE)


def accepted(taken: Taken, refused: Sequence[Refusal]) -> Answer:
    """202: everything in the request is kept, accepted or in quarantine; the counts and first errors say which."""
    body = msgspec.json.encode(counts(taken, refused))
    return Answer(202, {"Content-Type": "application/json"}, body)


def refused_or(taken: Taken, refused: Sequence[Refusal]) -> Problem:
    """The problem of a request in which readings were refused: all of them (422), or some where 400 says so (InfluxDB)."""
    partly = bool(len(taken.batch))
    return Problem(
        "partly_refused" if partly else "all_refused",
        _("Some readings were put into quarantine") if partly else _("All readings were put into quarantine"),
        status=400 if partly else 422,
        detail=_("They are kept. Mend the cause; staff can then replay them, so do not send them again."),
        extra=counts(taken, refused, errors="refused"),
    )


def kept_but(taken: Taken, refused: Sequence[Refusal]) -> Problem:
    """The problem of a request that cannot be read as readings; what is kept of it is counted in the answer."""
    problem = taken.problem
    if problem is None:
        raise ValueError("the request could be read")
    extra = problem.extra | {"accepted": 0, "quarantined": len(refused), "reasons": by_reason(refused)}
    if "cause" in extra:
        extra["cause"] = words.detail(extra["cause"])
    return Problem(problem.code, problem.title, status=problem.status, detail=problem.detail, extra=extra)


def too_fast(wait: float, rate: int) -> Problem:
    """429: the sender has used up its allowance; nothing of the request was taken."""
    return Problem(
        "too_fast",
        _("The device sends more than it may"),
        status=429,
        detail=_("It may send %(rate)d readings a second. Nothing of this request was taken; send it again later.")
        % {"rate": rate},
        extra={"retry_after": math.ceil(wait)},
    )


def counts(taken: Taken, refused: Sequence[Refusal], errors: str = "errors") -> dict[str, Any]:
    """The body of an answer: how many went where, and the first refusals with reason and line (from 1)."""
    reasons = by_reason(refused)
    # a reason of which much is kept in several pieces is told once
    first = {refusal.reason: refusal for refusal in reversed(refused)}
    shown = [
        {
            "line": refusal.line + 1,
            "reason": refusal.reason,
            "title": str(Reason(refusal.reason).label),
            "detail": words.detail(refusal.detail),
            "readings": reasons[refusal.reason],
        }
        for refusal in sorted(first.values(), key=lambda refusal: refusal.line)[:SHOWN_ERRORS]
    ]
    return {
        "accepted": len(taken.batch),
        "quarantined": sum(reasons.values()),
        "reasons": reasons,
        errors: shown,
    }
