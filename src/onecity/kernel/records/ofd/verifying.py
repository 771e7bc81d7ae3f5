"""Verifies the stamps of an OFD: steps 1 to 3 over the package, then the stamp itself (seals.verifying)."""

import base64
import binascii
import datetime as dt
import hmac
from collections.abc import Mapping

from django.utils.translation import gettext_lazy as _

from onecity.kernel.records.ofd import signatures
from onecity.kernel.records.ofd.package import RefusedPackageError, unpack
from onecity.kernel.records.ofd.signatures import MissingPartError, Signature
from onecity.kernel.records.seals import reading, verifying
from onecity.kernel.records.seals.der import StructureError
from onecity.kernel.records.seals.digests import digest
from onecity.kernel.records.seals.report import Report, Sentence, StampReport, State, Step
from onecity.kernel.records.seals.trust import Trust

Files = Mapping[str, bytes]
NAMED = 5
"""So many files are named in a reason; of more, the number is given."""


def verify(data: bytes, trusted: Trust, *, now: dt.datetime) -> Report:
    """The report on every stamp of the package; never raises for what a stranger sends."""
    try:
        files = unpack(data)
        listed = signatures.entries(files)
        found = [signatures.read(files, entry) for entry in listed]
    except (RefusedPackageError, MissingPartError) as error:
        return Report(refusal=Sentence(_("This file cannot be checked: %(detail)s."), {"detail": error.sentence}))
    if not found:
        return Report(refusal=Sentence(_("This document bears no seal.")))
    return Report(
        tuple(
            _one(signature, files, frozenset().union(*(later.own_files for later in found[index + 1 :])), trusted, now)
            for index, signature in enumerate(found)
        )
    )


def _one(signature: Signature, files: Files, later: frozenset[str], trusted: Trust, now: dt.datetime) -> StampReport:
    before = (_unchanged(signature, files), _complete(signature, files, later))
    stamp = files.get(signature.value)
    if stamp is None:
        return _broken(
            signature, before, Sentence(_("%(name)s is missing from the package."), {"name": signature.value})
        )
    if signature.entry.kind != signatures.SEAL:
        return _broken(
            signature, before, Sentence(_("This is a signature without a seal; its form is not known here."))
        )
    return verifying.verify(
        stamp,
        signature.raw,
        trusted,
        now=now,
        identifier=signature.entry.identifier,
        before=(*before, _same_seal(signature, files, stamp)),
    )


def _broken(signature: Signature, before: tuple[Step, ...], reason: Sentence) -> StampReport:
    state: State = "failed" if signature.entry.kind == signatures.SEAL else "not_checked"
    rest = tuple(verifying.skipped(number) for number in (3, *range(5, 11)))
    steps = sorted((*before, Step(4, state, reason), *rest), key=lambda step: step.number)
    return StampReport(signature.entry.identifier, tuple(steps))


def _unchanged(signature: Signature, files: Files) -> Step:
    """Step 1: every protected file has the digest it had."""
    changed, missing = [], []
    for reference in signature.references:
        if reference.name not in files:
            missing.append(reference.name)
            continue
        try:
            expected = base64.b64decode("".join(reference.check_value.split()), validate=True)
            actual = digest(signature.check_method, files[reference.name])
        except binascii.Error:
            changed.append(reference.name)
            continue
        except ValueError:
            reason = Sentence(_("Its method (%(detail)s) is not known here."), {"detail": signature.check_method})
            return Step(1, "failed", reason)
        if not hmac.compare_digest(expected, actual):
            changed.append(reference.name)
    if missing:
        return Step(1, "failed", Sentence(_("Taken out after stamping: %(files)s."), {"files": _named(missing)}))
    if changed:
        return Step(1, "failed", Sentence(_("Changed after stamping: %(files)s."), {"files": _named(changed)}))
    count = {"count": len(signature.references)}
    return Step(1, "ok", Sentence(_("%(count)s files are as they were."), count))


def _complete(signature: Signature, files: Files, later: frozenset[str]) -> Step:
    """Step 2: what is not protected is this signature's own, a later one's, or the list of signatures."""
    allowed = {reference.name for reference in signature.references}
    allowed |= signature.own_files | later | {signature.entry.listed_in}
    added = sorted(set(files) - allowed)
    if added:
        return Step(2, "failed", Sentence(_("Not covered by the stamp: %(files)s."), {"files": _named(added)}))
    return Step(2, "ok", Sentence(_("Every file is covered by the stamp or belongs to a stamp.")))


def _named(found: list[str]) -> str:
    return ", ".join(found[:NAMED]) + (f" … ({len(found)})" if len(found) > NAMED else "")


def _same_seal(signature: Signature, files: Files, stamp: bytes) -> Step:
    """Step 3: the seal file, where there is one, is the seal inside the stamp."""
    if signature.seal is None:
        return Step(3, "ok", Sentence(_("There is no separate seal file, which is allowed.")))
    if signature.seal not in files:
        return Step(3, "failed", Sentence(_("%(name)s is missing from the package."), {"name": signature.seal}))
    try:
        inside = reading.read_stamp(stamp).seal.raw
    except StructureError:
        return verifying.skipped(3)
    if inside != files[signature.seal]:
        return Step(3, "failed", Sentence(_("The seal file is not the seal inside the stamp.")))
    return Step(3, "ok", Sentence(_("Both are the same.")))
