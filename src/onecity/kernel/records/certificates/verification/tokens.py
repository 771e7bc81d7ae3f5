"""Verifies signed data (SD-JWT VC, RFC 9901 7.3): form, key, signature, disclosures, holder, and where it stands now."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from django.utils.translation import gettext_lazy as _

from onecity.kernel.core.clock import now
from onecity.kernel.records import identifiers
from onecity.kernel.records.certificates.logic import sdjwt
from onecity.kernel.records.certificates.logic.sdjwt import MalformedError, Parsed, UnmatchedError
from onecity.kernel.records.certificates.verification import standing
from onecity.kernel.records.certificates.verification.verdict import Finding, Step, Verdict
from onecity.kernel.records.keys import es256
from onecity.kernel.records.models import Certificate, IssuerKey

OLDEST_BINDING: Final = 300
"""Seconds since a holder signed that he shows it."""
AHEAD: Final = 30


@dataclass(frozen=True, slots=True)
class Asked:
    """What whoever verifies asked the holder to sign: for whom and over which random text; empty: nothing was asked."""

    audience: str = ""
    nonce: str = ""


@dataclass(slots=True)
class _Reading:
    """What was found so far."""

    parsed: Parsed
    row: Certificate | None
    steps: list[Step] = field(default_factory=list)

    def fails(self, state: Finding, step: str, text: object) -> Verdict:
        return Verdict(state, (*self.steps, Step(step, False, text)), standing.shown(self.row) if self.row else None)

    def passed(self, step: str, text: object) -> None:
        self.steps.append(Step(step, True, text))


def verify_token(token: str, asked: Asked | None = None) -> Verdict:
    """What signed data is worth now; with `asked` its holder must have answered. Never raises for what somebody sends."""
    try:
        parsed = sdjwt.parse(token)
    except MalformedError:
        return Verdict("unknown", (Step("form", False, _("This is not the signed data of a certificate.")),))
    reading = _Reading(parsed, _row(parsed))
    reading.passed("form", _("It has the form of a signed certificate."))
    return _signature(reading) or _content(reading, asked)


def _signature(reading: _Reading) -> Verdict | None:
    header = reading.parsed.header
    if header.get("alg") != es256.ALGORITHM or header.get("typ") != sdjwt.TYPE or "crit" in header:
        return reading.fails(
            "forged", "algorithm", _("It is not signed in the way in which certificates are signed here.")
        )
    reading.passed("algorithm", _("It is signed with ES256."))
    key = IssuerKey.objects.filter(kid=str(header.get("kid", ""))[:64].replace("\0", "")).first()
    if key is None:
        if reading.row is not None:
            return reading.fails(
                "resigned", "key", _("The certificate exists, but a key that is not ours signed this.")
            )
        return reading.fails("forged", "key", _("The key that it names is not a key of this issuer."))
    if key.compromised_at is not None:
        issued = reading.row is not None and reading.row.signed == reading.parsed.jwt
        text = _("The key that signed it is not believed any more.")
        return reading.fails("revoked" if issued else "forged", "key", text)
    reading.passed("key", _("The key belongs to this issuer."))
    if es256.verify(key.public_jwk, reading.parsed.signing_input, reading.parsed.signature):
        reading.passed("signature", _("The signature is right."))
        return None
    return _broken(reading)


def _broken(reading: _Reading) -> Verdict:
    """The signature is not by the key that it names: say which way it was tampered with, as far as can be told."""
    if reading.row is None:
        return reading.fails("forged", "signature", _("The key that it names did not sign it."))
    if reading.row.signed.split(".")[1] == reading.parsed.jwt.split(".")[1]:
        return reading.fails(
            "resigned", "signature", _("The content is as issued, but our key did not make this signature.")
        )
    return reading.fails("altered", "signature", _("The content is not what was signed."))


def _content(reading: _Reading, asked: Asked | None) -> Verdict:
    try:
        _claims, shown = sdjwt.disclosed(reading.parsed)
    except (UnmatchedError, MalformedError):
        return reading.fails("altered", "disclosures", _("Something that is shown with it was not signed with it."))
    said = {one.name: one.value for one in shown}
    reading.passed("disclosures", _("What is shown was signed with it: %(count)s entries.") % {"count": len(said)})
    wrong = _binding(reading, asked)
    if wrong is not None:
        return wrong
    if reading.row is None or reading.row.signed != reading.parsed.jwt:
        return reading.fails("unknown", "register", _("It does not stand in the register."))
    state, steps = standing.of(reading.row)
    return Verdict(state, (*reading.steps, *steps), standing.shown(reading.row, said))


def _binding(reading: _Reading, asked: Asked | None) -> Verdict | None:
    """Whether the one who shows it is the one it was issued to (RFC 9901, 7.3, key binding)."""
    parsed = reading.parsed
    confirmed = parsed.payload.get("cnf")
    jwk = confirmed.get("jwk") if isinstance(confirmed, dict) else None
    if not parsed.binding:
        if asked is not None and asked.nonce:
            return reading.fails("forged", "holder", _("The holder was asked to sign that he shows it, and did not."))
        reading.steps.append(Step("holder", None, _("That its holder shows it was not proven: compare the person.")))
        return None
    if not isinstance(jwk, dict) or not _bound(parsed, jwk, asked):
        return reading.fails("forged", "holder", _("The one who shows it is not the one it was issued to."))
    reading.passed("holder", _("Its holder signed that he shows it."))
    return None


def _bound(parsed: Parsed, jwk: Mapping[str, Any], asked: Asked | None) -> bool:
    try:
        header, payload, data, signature = sdjwt.take_apart(parsed.binding)
    except MalformedError:
        return False
    made = payload.get("iat")
    moment = now().timestamp()
    return (
        header.get("alg") == es256.ALGORITHM
        and header.get("typ") == sdjwt.BINDING_TYPE
        and isinstance(made, int)
        and moment - OLDEST_BINDING <= made <= moment + AHEAD
        and payload.get("sd_hash") == sdjwt.digest(parsed.bound_part)
        and (asked is None or (payload.get("nonce"), payload.get("aud")) == (asked.nonce, asked.audience))
        and es256.verify(jwk, data, signature)
    )


def _row(parsed: Parsed) -> Certificate | None:
    report = identifiers.read(str(parsed.payload.get("jti", "")))
    return standing.find(str(report.number)) if report.number is not None and report.valid else None
