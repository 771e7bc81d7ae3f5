"""Finds the signatures of an OFD package: the list, each one's description, and the files both name (GB/T 33190-2016, 18)."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from lxml import etree

from onecity.kernel.records.ofd import names
from onecity.kernel.records.ofd.names import tag
from onecity.kernel.records.ofd.package import resolve
from onecity.kernel.records.seals.report import Sentence

SEAL = "Seal"


class MissingPartError(ValueError):
    """The package lacks a file or an element that the standard demands; the sentence names it in the reader's language."""

    def __init__(self, text: Promise, **values: object) -> None:
        super().__init__(text)
        self.sentence = Sentence(text, values)

    def __str__(self) -> str:
        return str(self.sentence)


@dataclass(frozen=True, slots=True)
class Reference:
    """One protected file and the digest it had."""

    name: str
    check_value: str


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of Signatures.xml."""

    identifier: str
    kind: str
    description: str
    """Name of Signature.xml in the package."""
    listed_in: str


@dataclass(frozen=True, slots=True)
class Signature:
    """What a Signature.xml says."""

    entry: Entry
    raw: bytes = field(repr=False)
    check_method: str
    references: tuple[Reference, ...]
    seal: str | None
    value: str
    """Name of SignedValue.dat in the package."""

    @property
    def own_files(self) -> frozenset[str]:
        """The files that this signature adds to the package."""
        return frozenset(name for name in (self.entry.description, self.value, self.seal) if name)


def entries(files: Mapping[str, bytes]) -> list[Entry]:
    """The signatures of all bodies, in the order of their lists; MissingPartError names what is not there."""
    root = _xml(files, names.ROOT)
    found = []
    for body in root.iter(tag("DocBody")):
        location = body.findtext(tag("Signatures"))
        if location:
            listed_in = _resolved(location, names.ROOT)
            found += [_entry(item, listed_in) for item in _xml(files, listed_in).iter(tag("Signature"))]
    return found


def _entry(item: etree._Element, listed_in: str) -> Entry:
    location = item.get("BaseLoc")
    if not location:
        raise MissingPartError(_("a signature does not say where it lies"))
    return Entry(item.get("ID", ""), item.get("Type", SEAL), _resolved(location, listed_in), listed_in)


def read(files: Mapping[str, bytes], entry: Entry) -> Signature:
    """The description of one signature."""
    root = _xml(files, entry.description)
    references = root.find(f"{tag('SignedInfo')}/{tag('References')}")
    value = root.findtext(tag("SignedValue"))
    if references is None or not value:
        raise MissingPartError(_("%(name)s does not say what it covers"), name=entry.description)
    seal = root.findtext(f"{tag('SignedInfo')}/{tag('Seal')}/{tag('BaseLoc')}")
    return Signature(
        entry=entry,
        raw=files[entry.description],
        check_method=references.get("CheckMethod", "MD5"),  # the standard's default, which is then refused
        references=tuple(
            Reference(_resolved(item.get("FileRef", ""), entry.description), item.findtext(tag("CheckValue")) or "")
            for item in references.iter(tag("Reference"))
        ),
        seal=_resolved(seal, entry.description) if seal else None,
        value=_resolved(value, entry.description),
    )


def _xml(files: Mapping[str, bytes], name: str) -> etree._Element:
    if name not in files:
        raise MissingPartError(_("%(name)s is missing"), name=name)
    try:
        return names.parse(files[name])
    except names.MalformedXmlError as error:
        raise MissingPartError(_("%(name)s cannot be read (%(detail)s)"), name=name, detail=error) from None


def _resolved(location: str, base: str) -> str:
    try:
        return resolve(location, base)
    except ValueError:
        raise MissingPartError(_("the name %(name)s leads outside the package"), name=location[:80]) from None
