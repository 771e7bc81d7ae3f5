"""The report of a verification: ten steps in a fixed order, each ok, failed or not checked, with its reason in plain words.

The order is that of certificates.md, 4, after the ten-step practice for GB/T 38540-2020. "Valid" needs every step; a step
that could not be taken leaves the whole "incomplete", never "valid".
"""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final, Literal

from django.utils import translation
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

State = Literal["ok", "failed", "not_checked"]
Verdict = Literal["valid", "incomplete", "invalid"]

TITLES: Final[Mapping[int, object]] = MappingProxyType(
    {
        1: _("The content is as it was stamped"),
        2: _("Nothing was added to the document"),
        3: _("The stamp's picture file is the stamp's seal"),
        4: _("The stamp was made by its signer for this document"),
        5: _("The seal was made by its maker"),
        6: _("The maker of the seal is trusted"),
        7: _("The signer may use this seal"),
        8: _("The signer's certificate is trusted"),
        9: _("The seal was in force when it was used"),
        10: _("The time of stamping is proven"),
    }
)
VERDICTS: Final[Mapping[str, object]] = MappingProxyType(
    {
        "valid": _("The seal is genuine and the document unchanged."),
        "incomplete": _("No fault was found, but not every step could be checked."),
        "invalid": _("Do not rely on this document: a check failed."),
    }
)
STATES: Final[Mapping[str, object]] = MappingProxyType(
    {"ok": _("ok"), "failed": _("not passed"), "not_checked": _("not checked")}
)


@dataclass(frozen=True, slots=True)
class Sentence:
    """A text that is translated when it is read, with the values it names."""

    text: Promise | str
    values: Mapping[str, object] = field(default_factory=dict)

    def __str__(self) -> str:
        return str(self.text) % self.values if self.values else str(self.text)


def both(text: object) -> dict[str, str]:
    """The text in Chinese and in English."""
    found = {}
    for name, language in (("zh", "zh-hans"), ("en", "en")):
        with translation.override(language):
            found[name] = str(text)
    return found


@dataclass(frozen=True, slots=True)
class Step:
    """One step: what was asked, what came of it, and why."""

    number: int
    state: State
    reason: Sentence | str = ""

    @property
    def title(self) -> object:
        """What the step asks."""
        return TITLES[self.number]

    @property
    def state_title(self) -> object:
        """The outcome in a word."""
        return STATES[self.state]


@dataclass(frozen=True, slots=True)
class StampReport:
    """The ten steps for one stamp, and what the stamp says of itself."""

    identifier: str
    steps: tuple[Step, ...]
    version: int | None = None
    seal_name: str = ""
    seal_number: str = ""
    signer: str = ""
    claimed_at: dt.datetime | None = None
    proven_at: dt.datetime | None = None

    @property
    def verdict(self) -> Verdict:
        """What the steps amount to."""
        return verdict_of(self.steps)

    @property
    def verdict_title(self) -> object:
        """The verdict as a sentence."""
        return VERDICTS[self.verdict]

    def step(self, number: int) -> Step:
        """The step of this number."""
        return next(step for step in self.steps if step.number == number)

    def to_dict(self) -> dict[str, Any]:
        """For an API or to be kept with an archived document; every sentence in both languages."""
        return {
            "stamp": self.identifier,
            "version": self.version,
            "seal": {"name": self.seal_name, "number": self.seal_number},
            "signer": self.signer,
            "claimed_at": self.claimed_at.isoformat() if self.claimed_at else None,
            "proven_at": self.proven_at.isoformat() if self.proven_at else None,
            "verdict": self.verdict,
            "summary": both(self.verdict_title),
            "steps": [
                {
                    "number": step.number,
                    "title": both(step.title),
                    "state": step.state,
                    "reason": both(step.reason),
                }
                for step in self.steps
            ],
        }


@dataclass(frozen=True, slots=True)
class Report:
    """The stamps of one document; `refusal` says why a file could not be looked at, or that it bears no stamp."""

    stamps: tuple[StampReport, ...] = ()
    refusal: Sentence | None = None

    @property
    def steps(self) -> tuple[Step, ...]:
        """The steps of all stamps, one stamp after the other."""
        return tuple(step for stamp in self.stamps for step in stamp.steps)

    @property
    def verdict(self) -> Verdict:
        """The worst of the stamps; a document without one is not "valid" but "invalid": nothing vouches for it."""
        return "invalid" if self.refusal or not self.stamps else verdict_of(self.steps)

    @property
    def verdict_title(self) -> object:
        """The verdict as a sentence."""
        return self.refusal or VERDICTS[self.verdict]

    def to_dict(self) -> dict[str, Any]:
        """For an API or to be kept with an archived document."""
        return {
            "verdict": self.verdict,
            "summary": both(self.verdict_title),
            "stamps": [stamp.to_dict() for stamp in self.stamps],
        }


def verdict_of(steps: tuple[Step, ...]) -> Verdict:
    """Invalid when a step failed, valid when all are ok, else incomplete."""
    states = {step.state for step in steps}
    if "failed" in states:
        return "invalid"
    return "incomplete" if "not_checked" in states else "valid"
