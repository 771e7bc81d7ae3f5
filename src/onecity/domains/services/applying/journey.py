"""The way through a draft: its steps in order, one topic each, and which of them are done."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from django.utils.translation import gettext as _

from onecity.domains.services.applying import asking, drafting
from onecity.domains.services.applying.drafting import Work
from onecity.domains.services.applying.logic import resolving, screens
from onecity.domains.services.applying.logic.resolving import Resolved
from onecity.kernel.cases.types import in_language

SITUATION, PARTS, KNOWN, PAPERS, CHECK = "situation", "parts", "known", "papers", "check"
FORM: Final = "form-"


@dataclass(frozen=True, slots=True)
class Step:
    """One step: its name in the address, its title, the fields on it, whether it is done."""

    key: str
    title: str
    names: Sequence[str] = ()
    done: bool = False


def steps(work: Work) -> list[Step]:
    """The steps of a draft: the situation where there is one to choose, what is known, the form, papers, and the check."""
    found = []
    draft = work.draft
    if work.item.situations:
        found.append(Step(SITUATION, _("Your situation"), done=bool(draft.situation)))
    if draft.bundle:
        found.append(Step(PARTS, _("What is included"), done=draft.parts is not None))
    found.append(Step(KNOWN, _("What we know"), done=KNOWN in draft.done))
    shown = screens.screens(work.item.form)
    for number, screen in enumerate(shown):
        title = in_language(screen.title) or _("What only you know")
        if not screen.title and len(shown) > 1:
            title = f"{title} {number + 1}/{len(shown)}"
        found.append(Step(f"{FORM}{number}", title, screen.names, set(screen.names) <= set(draft.done)))
    materials = drafting.materials(work)
    if any(needs_hand(one) for one in materials):
        found.append(Step(PAPERS, _("Papers"), done=not any(one.open for one in materials)))
    found.append(Step(CHECK, _("Check and send")))
    return found


def needs_hand(one: Resolved) -> bool:
    """Whether the applicant has to do something for a material, or may."""
    return one.way in {"missing", "upload", "commitment"} or (
        one.way == "skipped" and (one.may_upload or one.may_commit)
    )


def step(found: Sequence[Step], key: str) -> tuple[Step, str, str]:
    """The step of this name with the names of those before and behind it; the first where there is no such."""
    keys = [one.key for one in found]
    place = keys.index(key) if key in keys else 0
    before = keys[place - 1] if place else ""
    behind = keys[place + 1] if place + 1 < len(keys) else ""
    return found[place], before, behind


def first_open(found: Sequence[Step]) -> str:
    """Where to go on: the first step that is not done."""
    return next((one.key for one in found if not one.done), CHECK)


def consents(work: Work) -> list[str]:
    """Registers that wait for the applicant's consent."""
    return [name for name in asking.consents_needed(work.item, work.inputs) if name not in work.draft.consents]


def share(materials: Sequence[Resolved]) -> Mapping[str, int]:
    """How many materials are never asked for, of how many."""
    free, whole = resolving.share_free(materials)
    return {"free": free, "whole": whole}
