"""Where a certificate of our register stands now, and what may be shown of it to whoever holds its number."""

from typing import Any, Final

from django.utils.translation import gettext_lazy as _

from onecity.kernel.places.snapshot import today
from onecity.kernel.records.certificates import opening, types
from onecity.kernel.records.certificates.logic import sdjwt
from onecity.kernel.records.certificates.logic.kind import Words
from onecity.kernel.records.certificates.verification.verdict import Finding, Shown, Step
from onecity.kernel.records.keys import es256
from onecity.kernel.records.models import Certificate, IssuerKey, State

OUT: Final[dict[str, tuple[Finding, object]]] = {
    State.REVOKED: ("revoked", _("The issuer revoked it.")),
    State.REPLACED: ("replaced", _("A newer version took its place.")),
    State.SUSPENDED: ("suspended", _("The issuer suspended it.")),
}
NAME: Final = Words("姓名", "Name")
COMPANY: Final = Words("名称", "Name")
IDENTITY: Final = Words("证件号码", "Identity number")
AGE: Final = Words("已满 {age} 周岁", "Has reached the age of {age}")


def find(number: str) -> Certificate | None:
    """The certificate of this number, whoever asks: who knows the number holds the certificate, or a copy of it."""
    with opening.shown([number]):
        return Certificate.objects.filter(number=number).first()


def of(row: Certificate) -> tuple[Finding, list[Step]]:
    """Its state now, by the register, its period and its own signature."""
    steps = [_untouched(row), _status(row), _period(row)]
    if steps[0].step == "key":
        return "revoked", steps
    if not steps[0].ok:
        return "altered", steps
    if row.state in OUT:
        return OUT[row.state][0], steps
    if not steps[2].ok:
        return ("not_yet" if today() < row.valid_from else "expired"), steps
    return "valid", steps


def shown(row: Certificate, disclosed: dict[str, Any] | None = None) -> Shown:
    """What may be seen; `disclosed`: what its holder shows of himself."""
    kind = types.version(row.type_code, row.type_version)
    said = disclosed or {}
    visible = said | {f.name: row.claims[f.name] for f in kind.fields if f.grade == "public" and f.name in row.claims}
    fields = [(f.title, visible[f.name]) for f in kind.fields if f.name in visible]
    ages = [(_age(name), value) for name, value in said.items() if name.startswith("age_over_")]
    identity = [(IDENTITY, said["identity"])] if "identity" in said else []
    whole = row.holder_kind == "company" or "name" in said
    return Shown(
        number=row.number,
        type_code=row.type_code,
        title=kind.title,
        holder=row.holder_name if whole else masked(row.holder_name),
        issuer_uscc=row.issuer_uscc,
        issuer_name=row.issuer_name,
        valid_from=row.valid_from,
        valid_until=row.valid_until,
        issued_at=row.issued_at,
        claims=(*identity, *fields, *ages),
    )


def masked(name: str) -> str:
    """The first character of a name and a star for each other one; in Latin letters the first letter of each word."""
    words = name.split()
    if name.isascii():
        return " ".join(f"{word[0]}***" for word in words)
    whole = "".join(words)
    return whole[0] + "*" * max(1, len(whole) - 1)


def _age(name: str) -> Words:
    age = name.removeprefix("age_over_")
    return Words(AGE.zh.format(age=age), AGE.en.format(age=age))


def _untouched(row: Certificate) -> Step:
    """The entry of the register against its own signature: whoever changes the database does not have the key."""
    key = IssuerKey.objects.filter(kid=row.kid, compromised_at__isnull=True).first()
    if key is None:
        return Step("key", False, _("The key that signed it is not believed any more."))
    try:
        _header, payload, data, signature = sdjwt.take_apart(row.signed)
    except sdjwt.MalformedError:
        return Step("register", False, _("Its entry in the register cannot be read."))
    if not es256.verify(key.public_jwk, data, signature) or payload.get("jti") != row.number:
        return Step("register", False, _("Its entry in the register is not what was signed."))
    return Step("register", True, _("It stands in the register as it was signed."))


def _status(row: Certificate) -> Step:
    if row.state in OUT:
        return Step("status", False, OUT[row.state][1])
    return Step("status", True, _("It is neither suspended nor revoked nor replaced."))


def _period(row: Certificate) -> Step:
    values = {"first": row.valid_from.isoformat(), "last": row.valid_until.isoformat() if row.valid_until else ""}
    if today() < row.valid_from:
        return Step("period", False, _("It is valid from %(first)s on.") % values)
    if row.valid_until is None:
        return Step("period", True, _("It is valid from %(first)s on, without end.") % values)
    within = today() <= row.valid_until
    text = _("It is valid from %(first)s to %(last)s.") if within else _("It was valid from %(first)s to %(last)s.")
    return Step("period", within, text % values)
