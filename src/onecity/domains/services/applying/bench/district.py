"""A district in which decisions are measured: an item with its table and certificate, and people of the registers."""

import datetime as dt
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import msgspec
from django.db import transaction

from onecity.domains.services.applying import asking, kinds, offers
from onecity.domains.services.applying.asking import Errand
from onecity.domains.services.applying.filing import Submission
from onecity.domains.services.applying.logic import resolving
from onecity.domains.services.applying.logic.resolving import Supply
from onecity.domains.services.applying.parties import Party
from onecity.domains.services.items import publishing, store
from onecity.domains.services.items.models import Sort
from onecity.domains.services.registers.port import Subject
from onecity.kernel.core.ids import new_id
from onecity.kernel.people import identity
from onecity.kernel.people.models import Account, IdentitySource, Organisation
from onecity.kernel.places.models import Division
from onecity.kernel.records.certificates import types

DATA: Final = Path(__file__).parent / "allowance.json"
PATH: Final = "adm/990000/"


def build(subjects: Sequence[Subject]) -> list[Submission]:
    """The district, and one application of each of these people with what the registers said of him."""
    data: dict[str, Any] = json.loads(DATA.read_text(encoding="utf-8"))
    Division.objects.create(
        tree="adm", code="990000", name="测试区", level="district", path=PATH, valid_from=dt.date(2020, 1, 1)
    )
    Organisation.objects.create(code="civil_affairs", name="民政局", division_path=PATH)
    types.install(msgspec.convert(data["certificate"], types.CertificateType))
    kinds.publish_own()
    publishing.install(Sort.TABLE, data["table"]["name"], data["table"])
    publishing.install(Sort.ITEM, data["item"]["code"], data["item"])
    return _submissions(data["item"]["code"], [_party(number, one) for number, one in enumerate(subjects)])


@transaction.atomic
def _party(number: int, subject: Subject) -> tuple[Account, Party]:
    account = Account(username=f"bench-{number}", display_name=subject.name, password="!")  # noqa: S106 - nobody signs in
    account.save(force_insert=True)
    return account, Party(identity.identify(account, subject.number, subject.name, IdentitySource.REGISTER), "self")


def _submissions(code: str, people: Sequence[tuple[Account, Party]]) -> list[Submission]:
    published = store.item(code)
    errand = Errand(published.item, offers.inputs_of_item(published.item))
    answers = asking.fetch_many(errand, [party for _account, party in people], None, ())
    made = []
    for (account, party), fetched in zip(people, answers, strict=True):
        supply = Supply(answers=fetched, commitments=frozenset({"not_alive_elsewhere"}))
        made.append(
            Submission(
                key=str(new_id()),
                published=published,
                party=party,
                account=account,
                facts=asking.known_facts(fetched),
                answers={"bank_account": "6222021234567890"},
                materials=resolving.resolve(published.item.materials, supply),
            )
        )
    return made
