"""The four checks of an archive package (四性检测): authentic, complete, usable, safe; each finding with its reason.

The four properties and what belongs to each follow DA/T 70-2018; the official list of its items was not at hand, so the table
below is ours in its order. What nobody can look at here is said to be not checked, never passed.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from onecity.kernel.records.archive.logic import formats, metadata
from onecity.kernel.records.archive.logic.matter import PARTS
from onecity.kernel.records.archive.logic.package import METADATA, Bag, digests, manifest_faults
from onecity.kernel.records.archive.logic.retention import CALL_NUMBER

Property = Literal["authentic", "complete", "usable", "safe"]
Outcome = Literal["ok", "failed", "not_checked"]
# says what speaks against a file that carries a signature; None: this file carries none that anybody here can check
Verifier = Callable[[str, bytes], Sequence[str] | None]


@dataclass(frozen=True, slots=True)
class Check:
    """One check: its property, its code, how it ended, and where (paths) or why."""

    property: Property
    code: str
    outcome: Outcome
    about: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Report:
    """All checks of one package."""

    checks: tuple[Check, ...]

    @property
    def passed(self) -> bool:
        """Whether nothing failed."""
        return not self.failed

    @property
    def failed(self) -> list[Check]:
        """What failed."""
        return [check for check in self.checks if check.outcome == "failed"]

    def to_json(self) -> bytes:
        """As it is kept within the package."""
        rows = [
            {"property": c.property, "code": c.code, "outcome": c.outcome, "about": list(c.about)} for c in self.checks
        ]
        return json.dumps({"checks": rows}, ensure_ascii=False, indent=1).encode()


def check(bag: Bag, verifier: Verifier | None = None) -> Report:
    """Look at a package as a whole; nothing is changed and nothing raised."""
    try:
        facts, listed, course = metadata.read(bag.files.get(METADATA, b""))
    except ValueError as error:
        unread = _outcome("complete", "metadata_read", [str(error)])
        return Report((*_bytes(bag), unread, *_opened(bag), *_harmless(bag)))
    return Report(
        (
            *_bytes(bag),
            *_authentic(bag, facts, listed, verifier),
            *_complete(bag, facts, listed, course),
            *_opened(bag),
            *_harmless(bag),
        )
    )


def _bytes(bag: Bag) -> list[Check]:
    return [_outcome("authentic", "manifest", manifest_faults(bag))]


def _authentic(
    bag: Bag, facts: Mapping[str, str], listed: Sequence[Mapping[str, str]], verifier: Verifier | None
) -> list[Check]:
    number = facts.get("档号", "")
    named = [] if number == bag.name and CALL_NUMBER.fullmatch(number) else [number or bag.name]
    changed = [
        file.get("路径", "")
        for file in listed
        if (content := bag.files.get(f"data/{file.get('路径', '')}")) is not None and not _same(file, content)
    ]
    late = [
        f.get("路径", "")
        for f in listed
        if not facts.get("受理时间", "") or f.get("形成时间", "") > facts.get("办结时间", "")
    ]
    return [
        _outcome("authentic", "call_number", named),
        _outcome("authentic", "digests_of_metadata", changed),
        _outcome("authentic", "made_before_closing", late),
        _signatures(bag, verifier),
    ]


def _same(file: Mapping[str, str], content: bytes) -> bool:
    marks = digests(content)
    return (file.get("SHA-256"), file.get("SM3"), file.get("大小")) == (
        marks["sha256"],
        marks["sm3"],
        str(len(content)),
    )


def _signatures(bag: Bag, verifier: Verifier | None) -> Check:
    if verifier is None:
        return Check("authentic", "signatures", "not_checked")
    wrong, looked_at = [], 0
    for path, content in sorted(bag.payload().items()):
        found = verifier(path, content)
        looked_at += found is not None
        wrong += [f"{path}: {reason}" for reason in found or ()]
    return _outcome("authentic", "signatures", wrong) if looked_at else Check("authentic", "signatures", "not_checked")


def _complete(
    bag: Bag, facts: Mapping[str, str], listed: Sequence[Mapping[str, str]], course: Sequence[Mapping[str, str]]
) -> list[Check]:
    kept = {
        path.removeprefix("data/")
        for path in bag.payload()
        if path.startswith(tuple(f"data/{p}/" for p in PARTS.values()))
    }
    told = {file.get("路径", "") for file in listed}
    parts = [
        folder
        for folder in PARTS.values()
        if folder != PARTS["process"] and not any(p.startswith(f"{folder}/") for p in told)
    ]
    times = [step.get("时间", "") for step in course]
    return [
        _outcome("complete", "facts", [name for name in metadata.REQUIRED if not facts.get(name)]),
        _outcome("complete", "files_listed", sorted(kept ^ told)),
        _outcome("complete", "parts", parts),
        _outcome("complete", "course", [] if times and times == sorted(times) else ["业务过程"]),
    ]


def _opened(bag: Bag) -> list[Check]:
    files = sorted(bag.payload().items())
    unknown = [path for path, content in files if formats.kind_of(path, content) is None]
    broken = [path for path, content in files if path not in unknown and not formats.opens(path, content)]
    return [_outcome("usable", "format", unknown), _outcome("usable", "opens", broken)]


def _harmless(bag: Bag) -> list[Check]:
    active = [
        f"{path}: {what}" for path, content in sorted(bag.payload().items()) if (what := formats.active(path, content))
    ]
    locked = [path for path, content in sorted(bag.payload().items()) if formats.locked(path, content)]
    return [
        _outcome("safe", "no_active_content", active),
        _outcome("safe", "no_passwords", locked),
        Check("safe", "virus_scan", "not_checked"),
    ]


def _outcome(of: Property, code: str, faults: Sequence[str]) -> Check:
    return Check(of, code, "failed" if faults else "ok", tuple(faults[:50]))
