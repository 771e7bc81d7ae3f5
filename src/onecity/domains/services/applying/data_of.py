"""My data and who used it for what: what registers hold about somebody, every question about him, and how to have it corrected."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from django.utils.translation import gettext_lazy as _

from onecity.domains.services.applying import asking, kinds, naming
from onecity.domains.services.applying.models import RegisterUse
from onecity.domains.services.applying.naming import Named
from onecity.domains.services.applying.parties import Party
from onecity.domains.services.items import store
from onecity.domains.services.registers import catalogue, connected
from onecity.domains.services.registers.port import Answer, Question, plain
from onecity.kernel.cases.models import Case
from onecity.kernel.cases.opening import NewCase, open_case
from onecity.kernel.cases.reporting import Person
from onecity.kernel.cases.types import in_language
from onecity.kernel.core.errors import FieldError, Problem
from onecity.kernel.people.models import Account
from onecity.kernel.places import service as places

PURPOSE: Final = "本人查询"
# everybody may see what is held about him
BASIS: Final = "中华人民共和国个人信息保护法 第四十五条"
RESULTS: Final = {
    "found": _("Answered"),
    "none": _("No entry"),
    "away": _("The register did not answer"),
    "consent": _("Not asked: no consent"),
    "refused": _("Refused by the register"),
    "unknown": _("Not in the catalogue"),
}


@dataclass(frozen=True)
class Use:
    """One question as a resident reads it."""

    row: RegisterUse
    register: Named
    fields: str
    result: object
    item: str


@dataclass(frozen=True)
class Entry:
    """What one register holds about somebody; `failure` is why it does not say."""

    register: Named
    values: Sequence[tuple[str, object]]
    failure: object = ""


def uses(party: Party, most: int = 200) -> list[Use]:
    """Who asked which register about a party for what, newest first."""
    rows = list(RegisterUse.objects.filter(principal_id=party.identity.id).order_by("-at", "-id")[:most])
    names = {code: in_language(one.item.name) for code, one in store.items().items()} if rows else {}
    return [
        Use(
            row,
            naming.register(row.register),
            "、".join(naming.field(row.register, str(name)) for name in row.fields),
            RESULTS.get(row.result, row.result),
            names.get(row.item_code, row.item_code),
        )
        for row in rows
    ]


def held(party: Party, account: Account) -> list[Entry]:
    """What every register holds about a party, asked for now by himself, which is written down like any other question."""
    subject = party.subject
    books = [one for one in catalogue.registers().values() if subject.kind in one.about]
    questions = [
        Question(one.name, subject, tuple(f.name for f in one.fields), PURPOSE, BASIS, consent=True) for one in books
    ]
    answers = connected.ask_many(questions)
    RegisterUse.objects.bulk_create(
        asking.use(party, account, question, answer) for question, answer in zip(questions, answers, strict=True)
    )
    return [
        Entry(naming.register(one.name), naming.values(one.name, plain(answer.values)))
        if isinstance(answer, Answer)
        else Entry(naming.register(one.name), (), RESULTS.get(answer.reason, answer.reason))
        for one, answer in zip(books, answers, strict=True)
    ]


def say_wrong(party: Party, account: Account, register: str, text: str) -> Case:
    """What a register holds is wrong: a case for whoever keeps it; the same words again are the same case."""
    said = text.replace("\0", "").strip()[:2000]
    if register not in catalogue.registers() or not said:
        wrong = FieldError("text", _("Say what is wrong, and how it should be."))
        raise Problem(
            "correction-empty", _("Something is still needed before it can be sent."), status=422, errors=[wrong]
        )
    root = places.root()
    named = naming.register(register)
    digest = hashlib.sha256(f"{party.identity.id}:{register}:{said}".encode()).hexdigest()
    return open_case(
        NewCase(
            type_name=kinds.CORRECTION,
            title=f"{named.title}：{account.display_name}"[:200],
            division_path=root.path if root else "",
            source="service",
            source_key=f"correction:{digest}",
            description=said,
            evidence={"register": register, "principal": str(party.identity.id)},
            reporter=Person(name=account.display_name[:80], account_id=account.id),
        )
    )
