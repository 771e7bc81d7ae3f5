"""What an inspector may do beside the steps of a case while there is no signal: the deeds that a phone offers, and what they ask.

More time, suspension, the first word, calls of departments and the answers to them. What else stands beside the steps
(supervision, splitting, outside bodies) is decided at a desk.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from onecity.kernel.cases import asking
from onecity.kernel.cases.changing import HELPING
from onecity.kernel.cases.deeds import book
from onecity.kernel.cases.logic.definition import Definition
from onecity.kernel.cases.models import Case, Participant
from onecity.kernel.people.models import Account, Organisation

# each with what it asks in words: a note that must be written, or may
NAMES: Final[Mapping[str, bool]] = {
    "contact": False,
    "ask_extension": True,
    "suspend": True,
    "resume": False,
    "whistle": True,
    "report_in": False,
    "reject_whistle": True,
    "joint_done": True,
    "answer_supervision": True,
}
# so that the phone knows what can follow before it was sent: what each deed takes away, and what it makes possible
ENDS: Final[Mapping[str, tuple[str, ...]]] = {
    "suspend": ("ask_extension",),
    "report_in": ("reject_whistle",),
    "reject_whistle": ("report_in",),
}
STARTS: Final[Mapping[str, tuple[str, ...]]] = {"suspend": ("resume",), "resume": ("suspend",)}
# deeds that answer a call, and which
ANSWERS: Final[Mapping[str, str]] = {"report_in": "whistle", "reject_whistle": "whistle", "joint_done": "joint"}
MOST_OFFICES: Final = 500
MOST_CALLS: Final = 100


def of_kind(kind: Definition) -> list[dict[str, Any]]:
    """The deeds of a kind as a phone shows them; which of them a case offers now stands with the case."""
    return [
        {
            "name": name,
            "title": str(book.DEEDS[name].title),
            "note": note,
            "ends": [name, *ENDS.get(name, ())],
            "starts": list(STARTS.get(name, ())),
            "fields": [_field(one) for one in asking.of_deed(book.DEEDS[name], kind, ())],
        }
        for name, note in NAMES.items()
        if _known(name, kind)
    ]


def _known(name: str, kind: Definition) -> bool:
    """Whether this kind provides for it at all; whoever was asked to help or stands under supervision has to answer."""
    provides = {
        "contact": kind.contact,
        "ask_extension": kind.extension,
        "suspend": kind.suspension,
        "resume": kind.suspension,
        "whistle": kind.whistle,
        "report_in": kind.whistle,
        "reject_whistle": kind.whistle,
        "joint_done": kind.joint or None,
        "answer_supervision": kind.supervision,
    }
    return provides[name] is not None


def _field(one: asking.Field) -> dict[str, Any]:
    # offices stand once for all cases, beside them
    kind = "offices" if one.name == "organisations" else one.kind
    return field_of(one) | {"kind": kind}


def field_of(one: asking.Field) -> dict[str, Any]:
    """A field of a form as JSON values."""
    return {
        "name": one.name,
        "label": str(one.label),
        "kind": one.kind,
        "required": one.required,
        "help": str(one.help),
        "most": one.most,
        "choices": [[value, str(label)] for value, label in one.choices],
    }


def possible(case: Case, kind: Definition, may: Callable[[str], bool], asked: Collection[str]) -> list[str]:
    """The deeds that may be done with the case now. `may`: whether a right is held there; `asked`: the calls of this person's
    office for it that are not answered (see `called_for`)."""
    return [name for name in NAMES if _offered(name, case, kind, asked) and may(_permission(name, kind))]


def _offered(name: str, case: Case, kind: Definition, asked: Collection[str]) -> bool:
    if not _known(name, kind):
        return False
    if name in ANSWERS:
        return case.is_open and ANSWERS[name] in asked
    return book.DEEDS[name].offered(case, kind)


def _permission(name: str, kind: Definition) -> str:
    return book.DEEDS[name].permission(kind)


def called_for(account: Account) -> dict[UUID, set[str]]:
    """The cases to which this person's office was called and has not answered, or with which it still helps: case → kinds of
    call (`whistle` until it has reported in, `joint` until its share is done)."""
    found: dict[UUID, set[str]] = {}
    if account.organisation_id is None:
        return found
    rows = Participant.objects.filter(
        organisation_id=account.organisation_id, state__in=HELPING, case__closed_at__isnull=True
    )
    for case_id, kind, state in rows.order_by("-asked_at").values_list("case_id", "kind", "state")[:MOST_CALLS]:
        found.setdefault(case_id, set()).update({kind} if kind == "joint" or state == "asked" else set())
    return found


def offices(paths: Sequence[str]) -> list[list[str]]:
    """Every office that may be called from these divisions, the departments of the district first: id and name."""
    tops = {"/".join(path.split("/")[:2]) + "/" for path in paths}
    found: list[list[str]] = []
    for top in sorted(tops):
        rows = Organisation.objects.filter(is_active=True, division_path__startswith=top)
        ordered = rows.order_by("division_path", "code").values_list("id", "name")[:MOST_OFFICES]
        found += [[str(one), name] for one, name in ordered]
    return found[:MOST_OFFICES]
