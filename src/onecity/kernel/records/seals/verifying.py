"""Steps 4 to 10 of a verification: the stamp, its seal, the certificates of both, the dates and the time stamp.

Every signature is checked over the bytes that were received. Steps 1 to 3 belong to the format of the document and are taken
by its package (ofd.verifying, seals.pdf).
"""

import datetime as dt
from typing import Final

from django.utils.translation import gettext_lazy as _

from onecity.kernel.records.seals import oids, reading, reasons, sm2_certificates, time_stamps, trust
from onecity.kernel.records.seals.der import StructureError
from onecity.kernel.records.seals.digests import digest, sm3
from onecity.kernel.records.seals.reading import ReadSeal, ReadStamp
from onecity.kernel.records.seals.report import Sentence, StampReport, Step
from onecity.kernel.records.seals.trust import Trust

TOLERANCE: Final = dt.timedelta(minutes=10)
"""How far the clocks of a signer and a time-stamping authority may lie apart."""
AFTER_FORMAT: Final = range(4, 11)


def verify(
    stamp: bytes, data: bytes, trusted: Trust, *, now: dt.datetime, identifier: str, before: tuple[Step, ...]
) -> StampReport:
    """The whole report for one stamp over `data`; `before` are the steps that the document's format answers."""
    try:
        read = reading.read_stamp(stamp)
    except StructureError as error:
        unreadable = Step(4, "failed", Sentence(_("The stamp cannot be read: %(detail)s."), {"detail": str(error)}))
        rest = tuple(skipped(number) for number in AFTER_FORMAT if number != 4)
        return StampReport(identifier, (*before, unreadable, *rest))
    time_step, proven_at = _time(read, data, trusted)
    signed_at = proven_at or read.claimed_at
    steps = (
        *before,
        _stamp(read, data),
        _seal(read.seal),
        _maker(read.seal, trusted),
        _listed(read),
        _signer(read, trusted, signed_at, proven=proven_at is not None),
        _dates(read.seal, signed_at, now),
        time_step,
    )
    return StampReport(
        identifier,
        steps,
        version=read.version,
        seal_name=read.seal.info.name,
        seal_number=read.seal.info.number,
        signer=_name(read.certificate),
        claimed_at=read.claimed_at,
        proven_at=proven_at,
    )


def skipped(number: int) -> Step:
    """A step that an earlier failure left nothing to look at."""
    return Step(number, "not_checked", Sentence(_("An earlier step failed, so there was nothing to look at.")))


def _stamp(stamp: ReadStamp, data: bytes) -> Step:
    if sm3(data) != stamp.digest:
        return Step(4, "failed", Sentence(_("The stamp was made for other content: its digest does not fit.")))
    return _signature(4, stamp.certificate, stamp.algorithm, stamp.signed, stamp.signature)


def _seal(seal: ReadSeal) -> Step:
    return _signature(5, seal.certificate, seal.algorithm, seal.signed, seal.signature)


def _signature(number: int, certificate: bytes, algorithm: str, signed: bytes, signature: bytes) -> Step:
    if algorithm not in oids.SM2_SIGNATURES:
        reason = Sentence(_("Its method (%(detail)s) is not known here."), {"detail": algorithm})
        return Step(number, "not_checked", reason)
    try:
        read = sm2_certificates.read(certificate)
        good = read.verifies(signed, signature)
    except StructureError as error:
        return Step(
            number, "failed", Sentence(_("The certificate cannot be read: %(detail)s."), {"detail": str(error)})
        )
    if not good:
        return Step(
            number,
            "failed",
            Sentence(_("The signature does not fit the certificate of %(name)s."), {"name": read.name}),
        )
    return Step(number, "ok", Sentence(_("Signed by %(name)s."), {"name": read.name}))


def _maker(seal: ReadSeal, trusted: Trust) -> Step:
    checked = trust.check(seal.certificate, trusted, at=seal.info.created_at, usage="sign", proven=False)
    return Step(6, checked.outcome, reasons.of_certificate(checked))


def _listed(stamp: ReadStamp) -> Step:
    info = stamp.seal.info
    if stamp.certificate in info.certificates:
        return Step(7, "ok", Sentence(_("The signer's certificate is in the seal's list.")))
    unknown = []
    for method, value in info.digests:
        try:
            if digest(method, stamp.certificate) == value:
                return Step(7, "ok", Sentence(_("The signer's certificate is in the seal's list.")))
        except ValueError:
            unknown.append(method)
    if unknown:
        reason = Sentence(_("Its method (%(detail)s) is not known here."), {"detail": ", ".join(unknown)})
        return Step(7, "not_checked", reason)
    reason = Sentence(
        _("The certificate of %(name)s is not in the seal's list: its holder must not use this seal."),
        {"name": _name(stamp.certificate)},
    )
    return Step(7, "failed", reason)


def _signer(stamp: ReadStamp, trusted: Trust, signed_at: dt.datetime | None, *, proven: bool) -> Step:
    if signed_at is None:
        return Step(8, "not_checked", Sentence(_("The stamp does not say when it was made.")))
    checked = trust.check(stamp.certificate, trusted, at=signed_at, usage="sign", proven=proven)
    return Step(8, checked.outcome, reasons.of_certificate(checked))


def _dates(seal: ReadSeal, signed_at: dt.datetime | None, now: dt.datetime) -> Step:
    info = seal.info
    if signed_at is None:
        return Step(9, "not_checked", Sentence(_("The stamp does not say when it was made.")))
    times = {
        "start": f"{info.valid_from:%Y-%m-%d}",
        "end": f"{info.valid_until:%Y-%m-%d}",
        "at": f"{signed_at:%Y-%m-%d}",
    }
    if info.valid_until < info.valid_from or info.created_at > info.valid_until:
        return Step(9, "failed", Sentence(_("The seal's own dates contradict each other.")))
    if signed_at > now + TOLERANCE:
        return Step(9, "failed", Sentence(_("The stamp claims a time that has not come yet: %(at)s."), times))
    if signed_at < info.created_at - TOLERANCE:
        return Step(9, "failed", Sentence(_("The stamp claims a time before the seal was made: %(at)s."), times))
    if not info.valid_from <= signed_at <= info.valid_until:
        return Step(
            9, "failed", Sentence(_("The seal was valid from %(start)s to %(end)s, but used on %(at)s."), times)
        )
    return Step(9, "ok", Sentence(_("Valid from %(start)s to %(end)s, used on %(at)s."), times))


def _time(stamp: ReadStamp, data: bytes, trusted: Trust) -> tuple[Step, dt.datetime | None]:
    """Step 10, and the time it proves."""
    if stamp.time_stamp is None:
        reason = Sentence(_("There is no time stamp: the time of stamping is only what the signer says."))
        return Step(10, "not_checked", reason), None
    # the first version stamps the time before it signs, so its token can only be over the document's digest
    over = stamp.signature if stamp.version > 1 else data
    token = time_stamps.check(stamp.time_stamp, over, trusted)
    if token.stamped_at is None or token.checked.outcome != "ok":
        return Step(10, token.checked.outcome, reasons.of_time_stamp(token.checked)), None
    if not token.covers:
        return Step(10, "failed", Sentence(_("The time stamp belongs to another signature."))), None
    if stamp.claimed_at and stamp.claimed_at > token.stamped_at + TOLERANCE:
        return Step(10, "failed", Sentence(_("The stamp claims a later time than its time stamp proves."))), None
    failed = _seal_time(stamp.seal, trusted)
    if failed:
        return failed, None
    at = {"at": f"{token.stamped_at:%Y-%m-%d %H:%M:%S} UTC"}
    return Step(10, "ok", Sentence(_("Proven for %(at)s by a time stamp."), at)), token.stamped_at


def _seal_time(seal: ReadSeal, trusted: Trust) -> Step | None:
    """The failure of the seal's own time stamp (V5), if it has one that does not hold."""
    if seal.time_stamp is None:
        return None
    token = time_stamps.check(seal.time_stamp, seal.signature, trusted)
    if token.checked.outcome != "ok":
        return Step(10, token.checked.outcome, reasons.of_time_stamp(token.checked))
    if not token.covers:
        return Step(10, "failed", Sentence(_("The time stamp belongs to another signature.")))
    return None


def _name(certificate: bytes) -> str:
    try:
        return sm2_certificates.read(certificate).name
    except StructureError:
        return ""
