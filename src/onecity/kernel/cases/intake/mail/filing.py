"""Turns one letter into one case, or into a word about the case that its subject names; a second delivery changes nothing."""

import datetime as dt
import logging
import uuid
from collections.abc import Sequence
from email.utils import parseaddr
from typing import Final, Literal
from uuid import UUID

from django.conf import settings
from django.db import transaction

from onecity.kernel.access import throttle
from onecity.kernel.access.throttle import Limit
from onecity.kernel.cases import attachments, rating
from onecity.kernel.cases.intake.mail import answers
from onecity.kernel.cases.intake.mail.logic import letter as letters
from onecity.kernel.cases.intake.mail.logic.letter import Letter
from onecity.kernel.cases.intake.open311.filing import division_named
from onecity.kernel.cases.intake.resident import filing as resident
from onecity.kernel.cases.intake.resident import kinds
from onecity.kernel.cases.models import Case, Reporter
from onecity.kernel.cases.opening import NewCase, open_case
from onecity.kernel.cases.reporting import Person
from onecity.kernel.core.errors import Problem
from onecity.kernel.notify import service as notify
from onecity.kernel.notify.models import Delivery

logger = logging.getLogger(__name__)

SOURCE: Final = "mail"
TITLE_LENGTH: Final = 60
FIND: Final = "/report/find"
# of one sender; a program that answers our answers against all rules ends here
LETTERS: Final = Limit("mail", 20, dt.timedelta(hours=1))
Outcome = Literal["opened", "added", "known", "refused"]


def take(raw: bytes) -> Outcome:
    """File a letter as it was delivered. `refused`: a program wrote it, it says nothing, or its sender writes too often;
    then nobody is answered."""
    letter = letters.read(raw, own_addresses=[parseaddr(settings.DEFAULT_FROM_EMAIL)[1]])
    if letter.automatic or not (letter.subject or letter.text or letter.files):
        logger.info("a letter was not taken: %s", letter.automatic or "empty")
        return "refused"
    with transaction.atomic():
        if _known(letter):
            return "known"
        try:
            with transaction.atomic():
                throttle.take(LETTERS, letter.sender.lower())
        except Problem:
            logger.warning("a letter was not taken: its sender writes too often")
            return "refused"
        mine = _case_of(letter)
        return _add(letter, mine) if mine is not None else _open(letter)


def _source_key(letter: Letter) -> str:
    return f"{SOURCE}:{letter.key}"


def _known(letter: Letter) -> bool:
    """Whether it was taken before: it opened a case, or was answered."""
    key = _source_key(letter)
    return (
        Case.objects.filter(source_key=key).exists()
        or Delivery.objects.filter(key=f"{notify.EMAIL}:{letter.sender}:{key}").exists()
    )


def _named(letter: Letter) -> list[UUID]:
    return list(Case.objects.filter(number__in=letter.numbers).values_list("id", flat=True)) if letter.numbers else []


def _case_of(letter: Letter) -> Case | None:
    """The case that its subject names, where its sender is who reported that one."""
    own = Reporter.objects.filter(case_id__in=_named(letter), email__iexact=letter.sender).values("case_id")
    return Case.objects.defer("search").filter(id__in=own).order_by("-opened_at").first()


def _open(letter: Letter) -> Outcome:
    first = letter.subject or letter.text.partition("\n")[0] or letter.files[0][0]
    code = resident.code_of(uuid.uuid5(uuid.NAMESPACE_URL, _source_key(letter)))
    case = open_case(
        NewCase(
            type_name=kinds.unsorted(),
            title=first if len(first) <= TITLE_LENGTH else f"{first[: TITLE_LENGTH - 1]}…",
            description="\n\n".join(part for part in (letter.subject, letter.text) if part),
            division_path=division_named(f"{letter.subject}\n{letter.text}"),
            source=SOURCE,
            source_key=_source_key(letter),
            reporter=Person(name=letter.name, email=letter.sender, code=code),
        )
    )
    left_out = _attach(case, letter)
    context = {"number": case.number, "code": code, "left_out": left_out}
    notify.send(letter.sender, answers.OPENED, context, key=_source_key(letter), link=FIND, language=letter.language)
    return "opened"


def _add(letter: Letter, case: Case) -> Outcome:
    text = letter.text or letter.subject
    rating.say(case, text, None)
    left_out = _attach(case, letter)
    context = {"number": case.number, "left_out": left_out}
    notify.send(letter.sender, answers.ADDED, context, key=_source_key(letter), link=FIND, language=letter.language)
    return "added"


def _attach(case: Case, letter: Letter) -> str:
    """Add the files; returns the names of those that could not be taken."""
    left_out: list[str] = list(letter.left_out)
    for name, content in letter.files:
        try:
            with transaction.atomic():
                attachments.attach(case.id, name, content, None)
        except Problem:
            left_out.append(name)
    return _listed(left_out)


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names)[:500]
