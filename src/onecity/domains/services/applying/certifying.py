"""Issues the certificate that an item ends with: its claims from what is known, once for each application."""

import datetime as dt
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from django.utils import timezone

from onecity.domains.services.applying.books import Books
from onecity.domains.services.applying.logic.facts import properties
from onecity.domains.services.applying.models import Application
from onecity.domains.services.items.logic.item import Item, Result
from onecity.kernel.core.clock import now
from onecity.kernel.records.certificates import issuing
from onecity.kernel.records.certificates.issuing import Holder, IssueRequest
from onecity.kernel.records.certificates.logic.kind import Field

Claim = str | int | bool
Case = tuple[Item, Application, Mapping[str, Any]]
# where a claim is looked for that is no answer and no result of the table, the first that knows it
REGISTERS: Final = ("household", "companies", "births", "marriage", "social_insurance", "real_estate", "education")
# claims that may not be called as they are elsewhere
ALSO: Final[Mapping[str, Sequence[str]]] = {"trade_name": ("name", "companies.name")}
LONGEST_CLAIM: Final = 500


def issue(cases: Sequence[Case], books: Books, again: int = 0) -> dict[UUID, UUID]:
    """Issue what each of these applications ends with; returns the certificate of each that ends with one.

    `again`: how often these were decided before, so that what is granted after a review is a certificate of its own.
    """
    today = timezone.localdate(now())
    wanted = [
        (application, _request(item, application, outputs, books, today, again)) for item, application, outputs in cases
    ]
    requests = [(application, request) for application, request in wanted if request is not None]
    made = issuing.issue_many([request for _application, request in requests], issued_by=None) if requests else []
    return {application.id: row.id for (application, _request), row in zip(requests, made, strict=True)}


def lacking(item: Item, application: Application, outputs: Mapping[str, Any], books: Books) -> list[str]:
    """Claims that the certificate needs and nobody knows; a person has to fill them in."""
    result = certificate_of(item)
    if result is None:
        return []
    kind = books.kind(result.certificate_type)
    if kind is None:
        return [result.certificate_type]
    claims = claims_of(kind.fields, application, outputs)
    return [one.name for one in kind.fields if one.required and one.name not in claims]


def certificate_of(item: Item) -> Result | None:
    """The certificate with which an item ends, if it ends with one."""
    return next((one for one in item.results if one.certificate_type), None)


def _request(
    item: Item, application: Application, outputs: Mapping[str, Any], books: Books, today: dt.date, again: int
) -> IssueRequest | None:
    result = certificate_of(item)
    kind = books.kind(result.certificate_type) if result else None
    if result is None or kind is None:
        return None
    party = books.party(application.principal_id)
    return IssueRequest(
        type_code=result.certificate_type,
        holder=Holder(party.sort, party.identity.name, party.number, party.identity.account_id),
        issuer_uscc=item.authority.uscc,
        issuer_name=item.authority.name["zh"],
        source_key=f"application:{application.id}" + (f":{again}" if again else ""),
        claims=_in_words(item, claims_of(kind.fields, application, outputs)),
        valid_from=today,
        valid_until=_after(today, result.months) if result.months else None,
        case_id=application.case_id,
        division_path=application.division_path,
    )


def claims_of(fields: Sequence[Field], application: Application, outputs: Mapping[str, Any]) -> dict[str, Claim]:
    """Each field of a certificate from what is known: what the table said, what was answered, what a register holds."""
    claims: dict[str, Claim] = {}
    for one in fields:
        names = ALSO.get(one.name) or [one.name, *(f"{register}.{one.name}" for register in REGISTERS)]
        sources: list[Mapping[str, Any]] = [outputs, application.answers, application.facts]
        values = (source.get(name) for source in sources for name in names)
        value = _claim(next((found for found in values if found is not None and found != ""), None), one.kind)
        if value is not None:
            claims[one.name] = value
    return claims


def _in_words(item: Item, claims: Mapping[str, Claim]) -> dict[str, Claim]:
    """What was chosen from a list, by its words and not by its code."""
    said = dict(claims)
    for name, one in properties(item.form).items():
        choices = one.get("x-choices")
        if isinstance(choices, Mapping) and name in said:
            said[name] = choices.get(str(said[name]), {}).get("zh") or said[name]
    return said


def _claim(value: object, kind: str) -> Claim | None:
    if value is None or isinstance(value, list | dict):
        return None
    if kind == "boolean":
        return value if isinstance(value, bool) else None
    if kind == "integer":
        return _whole(value)
    return value.isoformat() if isinstance(value, dt.date) else " ".join(str(value).split())[:LONGEST_CLAIM]


def _whole(value: object) -> int | None:
    if isinstance(value, bool):
        return None
    try:
        return int(Decimal(str(value)))
    except (ArithmeticError, ValueError):
        return None


def _after(day: dt.date, months: int) -> dt.date:
    """The last day of so many months from that day on."""
    place = day.year * 12 + day.month - 1 + months
    year, month = divmod(place, 12)
    first = dt.date(year, month + 1, 1)
    longest = (dt.date(year + (month == 11), (month + 1) % 12 + 1, 1) - first).days
    return first.replace(day=min(day.day, longest)) - dt.timedelta(days=1)
