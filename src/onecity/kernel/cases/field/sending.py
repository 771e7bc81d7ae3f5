"""What a phone may send: steps and deeds, notes, taking a case and new reports, each with the place and time of the phone."""

import datetime as dt
from typing import Annotated, Any
from uuid import UUID

import msgspec
from django.utils.translation import gettext_lazy as _

from onecity.kernel.access import policy
from onecity.kernel.cases import acting, changing, permissions
from onecity.kernel.cases.field.once import Done, once
from onecity.kernel.cases.models import Case
from onecity.kernel.cases.opening import NewCase, open_case
from onecity.kernel.core.errors import FieldError, Problem
from onecity.kernel.people.models import Account
from onecity.kernel.places import service as places

SOURCE = "field"
Degrees = Annotated[float, msgspec.Meta(ge=-180, le=180)]
Note = Annotated[str, msgspec.Meta(max_length=4000, pattern=r"^[^\x00]*$")]
Short = Annotated[str, msgspec.Meta(max_length=200, pattern=r"^[^\x00]*$")]
Moment = Annotated[dt.datetime, msgspec.Meta(tz=True)]


class Spot(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where (WGS-84 degrees, None: not known) and when the phone says that it was done; `accuracy` in metres."""

    at: Moment
    lon: Degrees | None = None
    lat: Annotated[float, msgspec.Meta(ge=-90, le=90)] | None = None
    accuracy: Annotated[float, msgspec.Meta(ge=0, le=1e7)] | None = None

    def to_data(self) -> dict[str, Any]:
        """As a history keeps it."""
        found: dict[str, Any] = {"at": self.at.isoformat()}
        if self.lon is not None and self.lat is not None:
            found |= {"lon": round(self.lon, 6), "lat": round(self.lat, 6)}
            found |= {"accuracy": round(self.accuracy)} if self.accuracy is not None else {}
        return found


class Step(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag="step"):
    """A step of the life cycle or a deed beside it, done on the version of the case that the phone knew."""

    key: UUID
    spot: Spot
    case_id: UUID
    action: Annotated[str, msgspec.Meta(pattern=r"^[a-z_]{1,40}$")]
    version: Annotated[int, msgspec.Meta(ge=1, le=2**31 - 1)]
    note: Note = ""
    data: dict[str, Any] = {}


class Take(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag="take"):
    """A case that nobody has is taken by whoever holds the phone."""

    key: UUID
    spot: Spot
    case_id: UUID
    version: Annotated[int, msgspec.Meta(ge=1, le=2**31 - 1)]


class Comment(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag="comment"):
    """A word for the history."""

    key: UUID
    spot: Spot
    case_id: UUID
    note: Note


class Report(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag="report"):
    """Something new that was seen. Without `division_path` the division follows from the point."""

    key: UUID
    spot: Spot
    type: Short
    title: Annotated[str, msgspec.Meta(min_length=1, max_length=200, pattern=r"^[^\x00]*$")]
    description: Note = ""
    address: Short = ""
    division_path: Short = ""
    lon: Degrees | None = None
    lat: Annotated[float, msgspec.Meta(ge=-90, le=90)] | None = None


Sent = Step | Take | Comment | Report


def take(account: Account, body: bytes) -> Done:
    """Do what was sent, once. Raises Problem 422 for what cannot be read, and what `acting.act` and `open_case` raise."""
    sent = read(body, Sent)
    return once(account, sent.key, body, lambda: _do(account, sent))


def read(body: bytes, kind: Any) -> Any:
    """JSON as one of the kinds above; raises Problem 422 that says what is wrong."""
    try:
        return msgspec.json.decode(body, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Problem(
            "field-unreadable",
            _("What the phone sent cannot be read."),
            status=422,
            detail=_("Nothing was changed. Reload the application on the phone."),
            errors=[FieldError("body", str(error))],
        ) from error


def _do(account: Account, sent: Sent) -> Case:
    if isinstance(sent, Report):
        return _report(account, sent)
    seen(account, sent.case_id)
    spot = {"field": sent.spot.to_data()}
    if isinstance(sent, Comment):
        return acting.comment(sent.case_id, account, sent.note, spot)
    if isinstance(sent, Take):
        return acting.assign(sent.case_id, account.id, account, "", sent.version)
    return acting.act(sent.case_id, sent.action, account, sent.note, sent.data | spot, sent.version)


def _report(account: Account, sent: Report) -> Case:
    path = sent.division_path or _division(sent)
    policy.require(account, permissions.OPEN, path)
    new = NewCase(
        type_name=sent.type,
        title=sent.title,
        description=sent.description,
        address=sent.address,
        division_path=path,
        lon=sent.lon,
        lat=sent.lat,
        source=SOURCE,
        source_key=f"{SOURCE}:{account.id}:{sent.key}",
        evidence={"field": sent.spot.to_data()},
    )
    return open_case(new, actor=account)


def _division(sent: Report) -> str:
    if sent.lon is None or sent.lat is None:
        raise changing.invalid("division", _("Choose a division, or give a point."))
    path = places.locate(sent.lon, sent.lat)[0]
    if not path:
        raise changing.invalid(
            "division", _("This point lies in none of the divisions. Check it, or choose a division.")
        )
    return path


def seen(account: Account, case_id: UUID) -> Case:
    """The case, where this person may see it; raises Problem 404."""
    case = Case.objects.defer("search").filter(id=case_id).first()
    if case is None or not changing.may(case, account, permissions.VIEW):
        raise changing.not_found()
    return case
