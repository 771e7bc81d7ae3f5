"""What is published about certificates: their states as lists, the issuer's keys, the description of each kind.

Lists are read from the table for each answer: a state that was changed is in the next one.
"""

from typing import Any, Final

import msgspec

from onecity.kernel.core.clock import now
from onecity.kernel.records.certificates import types
from onecity.kernel.records.certificates.logic import sdjwt, statuslist
from onecity.kernel.records.certificates.logic.kind import Kind, Words
from onecity.kernel.records.certificates.signing import status_uri
from onecity.kernel.records.keys import store
from onecity.kernel.records.models import Certificate, State, StatusList

LIST_TYPE: Final = "statuslist+jwt"
TTL: Final = 3
"""Seconds that a list may be kept: a revocation counts everywhere within five."""
EXPIRES: Final = 300
STATUS: Final = {State.VALID: statuslist.VALID, State.SUSPENDED: statuslist.SUSPENDED}
LANGUAGES: Final = (("zh-CN", "zh"), ("en", "en"))


def set_status(certificate: Certificate) -> None:
    """Write the state of a certificate into its list, in the transaction that changed it."""
    StatusList.objects.bulk_create(
        [StatusList(id=certificate.status_list, bits=statuslist.empty())], ignore_conflicts=True
    )
    row = StatusList.objects.select_for_update().get(id=certificate.status_list)
    status = STATUS.get(State(certificate.state), statuslist.INVALID)
    row.bits = statuslist.put(bytes(row.bits), certificate.status_index, status)
    row.updated_at = now()
    row.save(update_fields=["bits", "updated_at"])


def status_list(number: int) -> str:
    """The signed list (statuslist+jwt); one in which nothing happened yet says that all is valid."""
    row = StatusList.objects.filter(id=number).first()
    key, issuer, moment = store.current(), store.issuer(), int(now().timestamp())
    payload = {
        "iss": issuer,
        "sub": status_uri(issuer, number),
        "iat": moment,
        "exp": moment + EXPIRES,
        "ttl": TTL,
        "status_list": statuslist.claim(bytes(row.bits) if row else statuslist.empty()),
    }
    data = sdjwt.signing_input({"alg": key.algorithm, "kid": key.kid, "typ": LIST_TYPE}, payload)
    return f"{data}.{sdjwt.encode(key.sign(data.encode()))}"


def issuer_metadata() -> dict[str, Any]:
    """The issuer and its keys (SD-JWT VC draft 15, 4: JWT VC issuer metadata)."""
    store.current()
    keys = [row.public_jwk | {"kid": row.kid, "alg": row.algorithm, "use": "sig"} for row in store.published()]
    return {"issuer": store.issuer(), "jwks": {"keys": keys}}


def type_metadata(code: str, version: int) -> dict[str, Any]:
    """The description of a kind (SD-JWT VC draft 15, 5: type metadata); raises CertificateTypeVersion.DoesNotExist."""
    kind = types.version(code, version)
    return {
        "vct": types.vct(code, version),
        "name": kind.title.en,
        "display": _display(kind.title),
        "claims": [
            {"path": [one.name], "display": _label(one.title), "sd": "always", "mandatory": one.required}
            for one in kind.fields
        ]
        + [{"path": [name], "sd": "always", "mandatory": False} for name in _derived(kind)],
    }


def _derived(kind: Kind) -> list[str]:
    return [f"age_over_{age}" for one in kind.fields for age in one.age_over]


def _display(words: Words) -> list[dict[str, str]]:
    return [{"locale": locale, "name": words.in_(short)} for locale, short in LANGUAGES]


def _label(words: Words) -> list[dict[str, str]]:
    return [{"locale": locale, "label": words.in_(short)} for locale, short in LANGUAGES]


def written(data: dict[str, Any]) -> bytes:
    """JSON as it is sent."""
    return msgspec.json.encode(data)
