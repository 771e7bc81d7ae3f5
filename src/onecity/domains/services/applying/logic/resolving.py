"""Who supplies each material (两个免于提交): the certificate library, a shared register, an earlier case, a commitment, a file.

In that order; the first that has it wins. What could not be fetched falls to the next, so that a register which is away
costs a paper and never the application.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal

from onecity.domains.services.items.logic.item import Material

Way = Literal["certificate", "register", "case", "commitment", "upload", "missing", "skipped"]
# what the applicant is never asked for
FREE: Final[frozenset[Way]] = frozenset({"certificate", "register", "case"})


@dataclass(frozen=True, slots=True)
class Certificate:
    """A valid certificate of the applicant in the library."""

    type_code: str
    number: str
    title: Mapping[str, str]
    issued_on: str = ""
    valid_until: str = ""


@dataclass(frozen=True, slots=True)
class Fetched:
    """What a register answered: its values by field, whence and when; `failure` is why it did not (away, consent, …)."""

    register: str
    values: Mapping[str, object] = field(default_factory=dict)
    system: str = ""
    entry: str = ""
    record: str = ""
    at: str = ""
    digest: str = ""
    failure: str = ""


@dataclass(frozen=True, slots=True)
class Earlier:
    """A file that the same applicant handed in with an earlier case for a material of the same key."""

    key: str
    case_number: str
    sha256: str
    name: str


@dataclass(frozen=True)
class Supply:
    """Everything that is at hand for one application."""

    certificates: Sequence[Certificate] = ()
    answers: Mapping[str, Fetched] = field(default_factory=dict)
    earlier: Mapping[str, Earlier] = field(default_factory=dict)
    commitments: frozenset[str] = frozenset()
    uploads: Mapping[str, Sequence[str]] = field(default_factory=dict)
    disputed: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Resolved:
    """One material and who supplies it. `values`: what a register said; `reference`: number of the certificate or case, or
    record in the register; `failed`: why an earlier way did not supply it."""

    key: str
    name: Mapping[str, str]
    required: bool
    way: Way
    title: Mapping[str, str] = field(default_factory=dict)
    reference: str = ""
    system: str = ""
    entry: str = ""
    at: str = ""
    digest: str = ""
    values: Mapping[str, object] = field(default_factory=dict)
    files: tuple[str, ...] = ()
    failed: tuple[str, ...] = ()
    may_commit: bool = False
    may_upload: bool = True

    @property
    def free(self) -> bool:
        """Whether the applicant is never asked for it."""
        return self.way in FREE

    @property
    def open(self) -> bool:
        """Whether the applicant still has to do something before he can send the application."""
        return self.way == "missing" and self.required


def needed(materials: Iterable[Material], situation: str) -> list[Material]:
    """The materials of a situation: those of all, and those of this one."""
    return [one for one in materials if not one.situations or situation in one.situations]


def resolve(materials: Iterable[Material], supply: Supply) -> list[Resolved]:
    """Each material with its supplier, in order."""
    return [_one(material, supply) for material in materials]


def _one(material: Material, supply: Supply) -> Resolved:
    failed: list[str] = []
    for attempt in (_certificate, _register, _case):
        found = attempt(material, supply, failed)
        if found is not None:
            return found
    way: Way = "missing" if material.required else "skipped"
    files = tuple(supply.uploads.get(material.key, ()))
    if files:
        way = "upload"
    elif material.commitment and material.key in supply.commitments:
        way = "commitment"
    return Resolved(
        material.key, material.name, material.required, way, files=files, failed=tuple(failed),
        may_commit=material.commitment, may_upload=material.upload or not material.commitment,
    )  # fmt: skip


def _certificate(material: Material, supply: Supply, failed: list[str]) -> Resolved | None:
    if not material.certificate_type:
        return None
    for one in supply.certificates:
        if one.type_code == material.certificate_type:
            return Resolved(
                material.key, material.name, material.required, "certificate", title=one.title, reference=one.number,
                system="certificates", at=one.issued_on, failed=tuple(failed),
            )  # fmt: skip
    failed.append("no-certificate")
    return None


def _register(material: Material, supply: Supply, failed: list[str]) -> Resolved | None:
    source = material.source
    if source is None:
        return None
    answer = supply.answers.get(source.register)
    if material.key in supply.disputed:
        failed.append("disputed")
        return None
    if answer is None or answer.failure:
        failed.append(answer.failure if answer else "not-asked")
        return None
    values = {name: answer.values.get(name) for name in source.fields}
    if all(value is None or value == "" for value in values.values()):
        failed.append("not-found")
        return None
    return Resolved(
        material.key, material.name, material.required, "register", reference=answer.record, system=answer.system,
        entry=answer.entry, at=answer.at, digest=answer.digest, values=values, failed=tuple(failed),
    )  # fmt: skip


def _case(material: Material, supply: Supply, failed: list[str]) -> Resolved | None:
    found = supply.earlier.get(material.key)
    if found is None or material.key in supply.disputed:
        return None
    return Resolved(
        material.key, material.name, material.required, "case", title={"zh": found.name, "en": found.name},
        reference=found.case_number, system="cases", digest=found.sha256, files=(found.sha256,), failed=tuple(failed),
    )  # fmt: skip


def share_free(resolved: Iterable[Resolved]) -> tuple[int, int]:
    """How many materials the applicant is never asked for, and of how many that he needs."""
    counted = [one for one in resolved if one.way != "skipped"]
    return sum(one.free for one in counted), len(counted)
