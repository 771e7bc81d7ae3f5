"""SD-JWT (RFC 9901): signed data of which the holder shows what is needed and no more.

Written: flat disclosures of the top level (RFC 9901, 4.2.1), SHA-256, compact form `<JWT>~<disclosure>~…~[<KB-JWT>]`. Read: the
same, strictly. Signatures are made and checked by the caller; here is only their form. Nothing here trusts its input.
"""

import base64
import hashlib
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import msgspec

TYPE: Final = "dc+sd-jwt"  # SD-JWT VC draft 15, 3.2.1
BINDING_TYPE: Final = "kb+jwt"
HASH: Final = "sha-256"
LONGEST: Final = 32_768  # characters; ours have about 2,000
MOST_DISCLOSURES: Final = 64
SALT: Final = 16
# RFC 9901, 4.1 and SD-JWT VC, 3.2.2.2: these may not hide
OPEN_CLAIMS: Final = frozenset({"_sd", "_sd_alg", "...", "iss", "nbf", "exp", "cnf", "vct", "vct#integrity", "status"})
Claims = dict[str, Any]


class MalformedError(ValueError):
    """This is no SD-JWT; the message says what is wrong, for programmers."""


class UnmatchedError(ValueError):
    """It is one, but a disclosure does not belong to what was signed."""


@dataclass(frozen=True, slots=True)
class Disclosure:
    """One claim that was hidden behind its digest."""

    name: str
    value: Any
    text: str


@dataclass(frozen=True, slots=True)
class Parsed:
    """An SD-JWT taken apart; nothing is verified yet."""

    header: Claims
    payload: Claims
    signing_input: bytes
    signature: bytes
    jwt: str
    disclosures: tuple[str, ...]
    binding: str

    @property
    def bound_part(self) -> str:
        """What a key binding's `sd_hash` is taken of (RFC 9901, 4.3.1)."""
        return "~".join((self.jwt, *self.disclosures, ""))


def encode(data: bytes) -> str:
    """base64url without padding."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def decode(text: str) -> bytes:
    """The bytes; raises MalformedError unless written in the one canonical way."""
    try:
        data = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except ValueError as error:
        raise MalformedError("not base64url") from error
    if encode(data) != text:
        raise MalformedError("not canonical base64url")
    return data


def digest(text: str) -> str:
    """The digest of a disclosure or of a presentation, over its ASCII form."""
    return encode(hashlib.sha256(text.encode()).digest())


def disclose(claims: Mapping[str, Any]) -> tuple[list[str], list[str]]:
    """Disclosures of the claims and their digests, sorted so that the order tells nothing."""
    salts = os.urandom(SALT * len(claims))
    texts = [
        encode(msgspec.json.encode([encode(salts[n * SALT : (n + 1) * SALT]), name, value]))
        for n, (name, value) in enumerate(claims.items())
    ]
    return texts, sorted(map(digest, texts))


def signing_input(header: Mapping[str, Any], payload: Mapping[str, Any]) -> str:
    """What is signed (RFC 7515, 5.1)."""
    return f"{encode(msgspec.json.encode(header))}.{encode(msgspec.json.encode(payload))}"


def combine(jwt: str, disclosures: Iterable[str], binding: str = "") -> str:
    """The compact form."""
    return "~".join((jwt, *disclosures, binding))


def parse(token: str) -> Parsed:
    """Take a compact SD-JWT apart; raises MalformedError."""
    if len(token) > LONGEST:
        raise MalformedError(f"longer than {LONGEST} characters")
    if not token.isascii():
        raise MalformedError("not ASCII")
    jwt, *rest = token.strip().split("~")
    disclosures, binding = (tuple(rest[:-1]), rest[-1]) if rest else ((), "")
    if len(disclosures) > MOST_DISCLOSURES:
        raise MalformedError(f"more than {MOST_DISCLOSURES} disclosures")
    header, payload, signing, signature = take_apart(jwt)
    return Parsed(header, payload, signing, signature, jwt, disclosures, binding)


def take_apart(jwt: str) -> tuple[Claims, Claims, bytes, bytes]:
    """Header, payload, what was signed and the signature of a compact JWS; raises MalformedError."""
    parts = jwt.split(".")
    if len(parts) != 3:
        raise MalformedError("a JWS has three parts")
    header, payload = (_object(decode(part)) for part in parts[:2])
    return header, payload, f"{parts[0]}.{parts[1]}".encode(), decode(parts[2])


def disclosed(parsed: Parsed) -> tuple[Claims, tuple[Disclosure, ...]]:
    """The claims that are signed in the open, and those that were disclosed (RFC 9901, 7.1).

    Raises UnmatchedError where a disclosure was not signed, comes twice, or says what may not hide.
    """
    if parsed.payload.get("_sd_alg", HASH) != HASH:
        raise MalformedError("an unknown digest")
    signed = parsed.payload.get("_sd", [])
    if not isinstance(signed, list) or len(set(map(str, signed))) != len(signed):
        raise MalformedError("_sd is no list of different digests")
    shown: dict[str, Disclosure] = {}
    for text in parsed.disclosures:
        if digest(text) not in signed:
            raise UnmatchedError("a disclosure that was not signed")
        one = _disclosure(text)
        if one.name in shown or one.name in parsed.payload:
            raise UnmatchedError(f"{one.name} is said twice")
        shown[one.name] = one
    claims = {name: value for name, value in parsed.payload.items() if name not in {"_sd", "_sd_alg"}}
    return claims, tuple(shown.values())


def select(disclosures: Sequence[str], names: Iterable[str]) -> list[str]:
    """Those of the disclosures that say one of `names`; raises KeyError for a name that none says."""
    by_name = {_disclosure(text).name: text for text in disclosures}
    return [by_name[name] for name in names]


def names(disclosures: Sequence[str]) -> list[str]:
    """What the disclosures are about."""
    return [_disclosure(text).name for text in disclosures]


def _disclosure(text: str) -> Disclosure:
    try:
        parts = msgspec.json.decode(decode(text))
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise MalformedError("a disclosure is not JSON") from error
    if not isinstance(parts, list) or len(parts) != 3 or not all(isinstance(part, str) for part in parts[:2]):
        raise MalformedError("a disclosure is [salt, name, value]")
    if parts[1] in OPEN_CLAIMS:
        raise UnmatchedError(f"{parts[1]} may not hide")
    return Disclosure(parts[1], parts[2], text)


def _object(data: bytes) -> Claims:
    try:
        return msgspec.json.decode(data, type=dict[str, Any])
    except (msgspec.DecodeError, msgspec.ValidationError, UnicodeDecodeError, RecursionError) as error:
        raise MalformedError("not a JSON object") from error
