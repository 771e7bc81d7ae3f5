"""Files a service request of Open311: what was sent is checked as a whole, then one case is opened in the key's name."""

import uuid
from collections.abc import Mapping, Sequence
from typing import Any, Final
from urllib.parse import urlsplit

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.utils.translation import gettext as _

from onecity.kernel.access import policy
from onecity.kernel.cases import answers, attachments, permissions, reporting
from onecity.kernel.cases.intake.open311 import services
from onecity.kernel.cases.intake.open311.logic import attributes
from onecity.kernel.cases.intake.open311.query import RefusedError, Sent
from onecity.kernel.cases.intake.resident import filing as resident
from onecity.kernel.cases.models import Case
from onecity.kernel.cases.opening import NewCase, open_case
from onecity.kernel.cases.reporting import Person
from onecity.kernel.cases.type_store import InForce
from onecity.kernel.core.errors import Problem
from onecity.kernel.people.models import Account
from onecity.kernel.places import service as places
from onecity.kernel.places import snapshot
from onecity.kernel.places.logic.paths import ADMINISTRATIVE

SOURCE: Final = "open311"
TITLE_LENGTH: Final = 60
# what else may be sent with a request without being a mistake or an answer
MOST_OTHERS: Final = 50


def file(sent: Sent, account: Account) -> Case:
    """Open the case, or return the one that the same key for sending again opened before. Raises RefusedError."""
    code = sent.values.get("service_code", "").strip()
    if not code:
        raise RefusedError(400, _("service_code was not provided"))
    kind = services.named(code)
    if kind is None:
        raise RefusedError(404, _("service_code %(code)s was not found") % {"code": code[:100]})
    new = _new(sent, kind, account)
    if sent.faults:
        raise RefusedError(400, *sent.faults)
    if not policy.may(account, permissions.OPEN, new.division_path):
        raise RefusedError(403, _("This api_key may not report anything in this place"))
    try:
        with transaction.atomic():
            return _open(new, sent.files, account)
    except Problem as problem:
        reasons = [f"{error.field}: {error.detail}" for error in problem.errors]
        raise RefusedError(400, *(reasons or [f"{problem.title} {problem.detail}".strip()])) from problem


def _open(new: NewCase, files: Sequence[tuple[str, bytes]], account: Account) -> Case:
    code = new.reporter.code if new.reporter else ""
    before = _opened(new, code)
    if before is not None:
        return before
    try:
        with transaction.atomic():
            case = open_case(new, actor=account)
    except Problem as problem:
        # the same was sent twice at the same moment: the other one was first
        before = _opened(new, code)
        if problem.code != "case-exists" or before is None:
            raise
        return before
    with reporting.holding(case.number, code):
        for name, content in files:
            attachments.attach(case.id, name, content, None)
    return case


def _opened(new: NewCase, code: str) -> Case | None:
    if new.source_key is None:
        return None
    with reporting.reported(new.source_key, code) as found:
        return found


def _new(sent: Sent, kind: InForce, account: Account) -> NewCase:
    again = f"{SOURCE}:{account.id}:{sent.again[:120]}" if sent.again else None
    text = sent.text("description")
    given, others = attributes.read(kind.definition.form, sent.lists)
    if kind.definition.form is not None:
        sent.faults.extend(_fault(one.field, one.detail) for one in answers.mistakes(kind.definition.form, given))
    lon, lat, path = _place(sent)
    first = text.splitlines()[0].strip() if text else ""
    title = first if len(first) <= TITLE_LENGTH else f"{first[: TITLE_LENGTH - 1]}…"
    return NewCase(
        type_name=kind.name,
        title=title or kind.title,
        description=text,
        division_path=path,
        address=sent.text("address_string") or sent.text("address_id"),
        lon=lon,
        lat=lat,
        source=SOURCE,
        source_key=again,
        answers=given,
        evidence=_evidence(sent, others),
        reporter=_person(sent, code_of(again) if again else reporting.new_code()),
    )


def code_of(again: str) -> str:
    """The code of a case that may be sent again: the same each time, and nothing that its sender could make."""
    return resident.code_of(uuid.uuid5(uuid.NAMESPACE_URL, again))


def _fault(name: str, detail: object) -> str:
    where = name if name == "answers" else f"attribute[{name}]"
    return f"{where}: {detail}"


def _evidence(sent: Sent, others: Mapping[str, list[str]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    url = sent.text("media_url")
    if url:
        if urlsplit(url).scheme not in {"http", "https"} or not urlsplit(url).netloc:
            sent.faults.append(_("media_url: this is no address of the web"))
        found["media_url"] = url
    if sent.text("address_id"):
        found["address_id"] = sent.text("address_id")
    if others:
        # questions that this service does not ask, as some programs send them: kept, so that nothing is lost
        found["attributes"] = {
            code: [v[:1000] for v in values[:20]] for code, values in list(others.items())[:MOST_OTHERS]
        }
    return found


def _person(sent: Sent, code: str) -> Person:
    first, last = sent.text("first_name"), sent.text("last_name")
    email = sent.text("email")
    if email:
        try:
            validate_email(email)
        except ValidationError:
            sent.faults.append(_("email: this is no address"))
    latin = (first + last).isascii()
    name = " ".join(part for part in (first, last) if part) if latin else last + first
    return Person(name=name, phone=sent.text("phone"), email=email, code=code)


def _place(sent: Sent) -> tuple[float | None, float | None, str]:
    """Longitude, latitude and division; what is wrong with them goes to the faults."""
    lat, lon = (_degrees(sent, name, most) for name, most in (("lat", 90.0), ("long", 180.0)))
    named = sent.text("address_string") or sent.text("address_id")
    if lat is not None and lon is not None:
        path = places.locate(lon, lat)[0]
        if not path:
            sent.faults.append(_("lat, long: this place is not in our district"))
        return lon, lat, path or ADMINISTRATIVE + "/"
    if (lat is None) != (lon is None) and not sent.faults:
        sent.faults.append(_("lat, long: both are needed"))
    if not named and not sent.faults:
        sent.faults.append(_("A location was not provided: lat and long, address_string or address_id"))
    return None, None, division_named(named)


def _degrees(sent: Sent, name: str, most: float) -> float | None:
    text = sent.values.get(name, "").strip()
    if not text:
        return None
    try:
        number = float(text)
    except ValueError:
        number = float("nan")
    if not -most <= number <= most:
        sent.faults.append(_("%(name)s: degrees of WGS 84 are expected") % {"name": name})
        return None
    return number


def division_named(text: str) -> str:
    """The deepest division whose name stands in an address; the whole district where none does."""
    root = places.root()
    best = root.path if root else ADMINISTRATIVE + "/"
    longest = 0
    for place in snapshot.take(ADMINISTRATIVE).places:
        if (
            len(place.name) > 1
            and place.name in text
            and (place.depth, len(place.name)) > (best.count("/") - 1, longest)
        ):
            best, longest = place.path, len(place.name)
    return best
