"""How strongly somebody signed in and is known: what other systems may ask for, and what they are told (step-up).

OpenID Connect Core 1.0, 2 (`acr`, `amr`, `auth_time`) and 3.1.2.1 (`acr_values`, `max_age`); methods by RFC 8176; a level that
cannot be reached is answered with the error of OpenID Connect Core Error Code unmet_authentication_requirements 1.0.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

ACR: Final = "urn:onecity:assurance:"
LEVELS: Final = (0, 1, 2, 3)
ACR_VALUES: Final = tuple(f"{ACR}{level}" for level in LEVELS)

# the sign-in library's methods as RFC 8176 names them
METHODS: Final[Mapping[tuple[str, str], str]] = {
    ("password", ""): "pwd",
    ("password_reset", ""): "pwd",
    ("mfa", "totp"): "otp",
    ("mfa", "recovery_codes"): "kba",
    ("mfa", "webauthn"): "hwk",
}


@dataclass(frozen=True, slots=True)
class SignedIn:
    """When (seconds since 1970) and by which methods somebody last proved who he is in this session."""

    at: int
    methods: tuple[str, ...]


def signed_in(records: Iterable[Mapping[str, Any]]) -> SignedIn | None:
    """What the session's records of authentication say; None where there are none (a system's session, say)."""
    found = list(records)
    if not found:
        return None
    methods = dict.fromkeys(METHODS.get((str(r.get("method", "")), str(r.get("type", ""))), "") for r in found)
    named = [method for method in methods if method]
    return SignedIn(int(max(float(r["at"]) for r in found)), (*named, "mfa") if len(named) > 1 else tuple(named))


def level_asked(acr_values: str) -> int:
    """The lowest level among those asked for, which satisfies the request; 0 where none of ours is named."""
    wanted = [int(v.removeprefix(ACR)) for v in acr_values.split() if v in ACR_VALUES]
    return min(wanted, default=0)


def too_old(found: SignedIn | None, max_age: str, now_s: float) -> bool:
    """Whether the last proof lies further back than `max_age` seconds; a text that is no number asks for nothing."""
    if not (max_age.isascii() and max_age.isdigit()):
        return False
    return found is None or now_s - found.at > int(max_age)


def claims(found: SignedIn | None, level: int) -> dict[str, Any]:
    """The claims of an ID token about it."""
    told: dict[str, Any] = {"acr": f"{ACR}{level}"}
    if found is not None:
        told |= {"auth_time": found.at, "amr": list(found.methods)}
    return told


def methods_of(found: SignedIn | None) -> Sequence[str]:
    """The methods, or none."""
    return found.methods if found is not None else ()
