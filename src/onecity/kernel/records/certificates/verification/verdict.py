"""The answer to whoever verifies a certificate: what it is worth, and each step that was looked at with its reason."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, NamedTuple

from django.utils.translation import gettext_lazy as _

from onecity.kernel.records.certificates.logic.kind import Words

Finding = Literal[
    "valid", "suspended", "revoked", "replaced", "expired", "not_yet", "altered", "resigned", "forged", "unknown"
]

TITLES: Final[Mapping[Finding, object]] = {
    "valid": _("This certificate is valid"),
    "suspended": _("This certificate is suspended"),
    "revoked": _("This certificate was revoked"),
    "replaced": _("This certificate was replaced by a newer one"),
    "expired": _("This has expired"),
    "not_yet": _("This certificate is not valid yet"),
    "altered": _("This was altered after it was issued"),
    "resigned": _("This was signed by somebody else"),
    "forged": _("This is a forgery"),
    "unknown": _("This is no certificate that was issued here"),
}
ADVICE: Final[Mapping[Finding, object]] = {
    "valid": _("Compare name and content with the person and the paper in front of you."),
    "suspended": _("Do not accept it for now. Its issuer can say why and for how long."),
    "revoked": _("Do not accept it. Its issuer took it away."),
    "replaced": _("Ask the holder for the newer one."),
    "expired": _("Ask the holder for one that has not expired."),
    "not_yet": _("Look at the day from which it is valid."),
    "altered": _("Do not accept it. What stands in it is not what was issued."),
    "resigned": _("Do not accept it. It looks like a certificate from here, but another key signed it."),
    "forged": _("Do not accept it. No key of this issuer signed it."),
    "unknown": _("Check the number letter by letter, or ask the holder to show the certificate again."),
}


class Step(NamedTuple):
    """One thing that was looked at; `ok` None: it was not looked at, `text` says why."""

    step: str
    ok: bool | None
    text: object


@dataclass(frozen=True, slots=True)
class Shown:
    """What whoever verifies may see of the certificate; the name is masked unless the holder disclosed it."""

    number: str
    type_code: str
    title: Words
    holder: str
    issuer_uscc: str
    issuer_name: str
    valid_from: dt.date
    valid_until: dt.date | None
    issued_at: dt.datetime
    claims: tuple[tuple[Words, Any], ...] = ()


@dataclass(frozen=True, slots=True)
class Copied:
    """For what use a copy was made, and until when (加注件)."""

    purpose: str
    used_by: str
    usable_until: dt.datetime


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a certificate is worth now; `reasons` in the order in which they were looked at."""

    state: Finding
    reasons: tuple[Step, ...]
    shown: Shown | None = None
    copied: Copied | None = None

    @property
    def valid(self) -> bool:
        """Whether it may be accepted."""
        return self.state == "valid"

    @property
    def title(self) -> object:
        """One sentence for people."""
        return TITLES[self.state]

    @property
    def advice(self) -> object:
        """What to do."""
        return ADVICE[self.state]
