"""What is told in NGSILD-Warning headers of an answer that others had part in (6.3.17)."""

import re
from collections.abc import Iterable, Sequence
from typing import Final
from urllib.parse import urlsplit

from onecity.kernel.twin.ngsild.federation.distributing.limits import LONGEST_WARNING, MOST_WARNINGS
from onecity.kernel.twin.ngsild.federation.registration import Registration
from onecity.kernel.twin.ngsild.model.problems import NgsiProblem

HEADER: Final = "NGSILD-Warning"
STALE, INVALID, MISCELLANEOUS, PERSISTENT = 110, 111, 199, 299
# how an exchange went wrong → the code and the sentence; headers are ASCII, so it is not translated
FAULTS: Final[dict[str, tuple[int, str]]] = {
    "stale": (STALE, "Response is stale: kept from an earlier answer"),
    "invalid": (INVALID, "The answer is no NGSI-LD and was left out"),
    "oversized": (INVALID, "The answer is too large and was left out"),
    "timeout": (MISCELLANEOUS, "No answer in time"),
    "unreachable": (MISCELLANEOUS, "No answer"),
    "cooling": (MISCELLANEOUS, "Not asked: it failed shortly before"),
    "loop": (MISCELLANEOUS, "A loop of registrations was found"),
    "refused": (MISCELLANEOUS, "Not asked: its address is not open to this platform"),
    "error": (PERSISTENT, "The source answered with an error"),
}
WARNING: Final = re.compile(r'\d{3} [\x21-\x7e]{1,200} "[\x20\x21\x23-\x7e]{0,300}"')


def warning(registration: Registration, fault: str, status: int = 0) -> str:
    """One warning about the source of a registration."""
    code, text = FAULTS[fault]
    return written(code, agent(registration), f"{text} ({status})" if status and fault == "error" else text)


def written(code: int, who: str, text: str) -> str:
    """A warning as RFC 7234, 5.5 writes it."""
    return f'{code} {who} "{text}"'


def agent(registration: Registration) -> str:
    """What the source of a registration is called in a warning: its pseudonym, else its host."""
    return registration.context_source_alias or urlsplit(registration.endpoint).netloc.rpartition("@")[2] or "-"


def passed_on(values: Iterable[str]) -> list[str]:
    """The warnings that a source itself gave, as far as they are well formed."""
    found: list[str] = []
    for value in values:
        found += [one[:LONGEST_WARNING] for one in WARNING.findall(value[: LONGEST_WARNING * MOST_WARNINGS])]
    return [one if one.endswith('"') else one + '"' for one in found[:MOST_WARNINGS]]


def headers(warnings: Sequence[str]) -> list[tuple[str, str]]:
    """The headers for warnings, each once."""
    return [(HEADER, one) for one in dict.fromkeys(warnings)]


def warned(problem: NgsiProblem, warnings: Sequence[str]) -> NgsiProblem:
    """The problem, whose answer bears the warnings too: what is not found may only be out of reach."""
    problem.headers.extend(headers(warnings))
    return problem
