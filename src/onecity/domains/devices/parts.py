"""The tables of device management as a file: which columns go along, what names a row, how a column reads as text."""

import json
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.core.exceptions import ObjectDoesNotExist
from django.db import models
from django.utils.translation import gettext_lazy as _

from onecity.domains.devices.models import (
    CoverageTarget,
    DeviceGroup,
    DeviceModel,
    DeviceRecord,
    Maintenance,
    Membership,
    PlaceModel,
)
from onecity.domains.devices.permissions import MANAGE, VIEW
from onecity.kernel.cases.models import Case
from onecity.kernel.people.models import Organisation
from onecity.kernel.telemetry.models import DeviceAddress, FieldSource
from onecity.kernel.telemetry.permissions import TELEMETRY_MANAGE, TELEMETRY_VIEW
from onecity.kernel.twin.models import Entity

Row = dict[str, str]
# all that a device measures at; no column of its own, since each thing names its device
THINGS = "things"
# columns whose text stands for something else here, and the attribute that keeps it
COLUMNS = {"entity": "entity_id", "organisation": "organisation_id"}
JSON = frozenset({"condition", "attributes", "settings"})


@dataclass(frozen=True, slots=True)
class Part:
    """One table of the file: its name, model, the columns that name a row, those that go along, and the rights over it."""

    file: str
    model: type[models.Model]
    key: tuple[str, ...]
    columns: tuple[str, ...]
    view: str = VIEW
    edit: str = MANAGE
    path_field: str = "division_path"

    def place(self, one: models.Model) -> str:
        """The division to which a row belongs."""
        return str(one.group.division_path if isinstance(one, Membership) else getattr(one, "division_path", ""))

    def place_of(self, values: dict[str, Any]) -> str:
        """The same of a row that is not kept yet."""
        group = values.get("group")
        return group.division_path if isinstance(group, DeviceGroup) else str(values["division_path"])


PARTS = (
    Part(
        "models.csv", DeviceModel, ("name",),
        ("name", "title", "maker", "entity_type", "protocol", "codec", "battery_attribute", "battery_minimum",
         "expected_interval", "unit_cost", "yearly_cost", "calibration_days", "lifetime_years", "division_path"),
    ),
    Part(
        "devices.csv", DeviceRecord, ("device_id",),
        ("device_id", "name", "model", "serial", "dev_eui", "division_path", "entity", THINGS, "lon", "lat",
         "organisation", "purchase_cost", "running_cost", "status", "installed_at", "retired_at", "calibrated_at",
         "firmware_version", "configuration_version", "note"),
    ),
    Part(
        "addresses.csv", DeviceAddress, ("network", "address"),
        ("network", "address", "device_id", "codec", "codec_version", "entity", "attributes", "division_path"),
        view=TELEMETRY_VIEW, edit=TELEMETRY_MANAGE,
    ),
    Part(
        "sources.csv", FieldSource, ("id",),
        ("id", "name", "protocol", "settings", "interval_s", "device_id", "division_path", "enabled"),
        view=TELEMETRY_VIEW, edit=TELEMETRY_MANAGE,
    ),
    Part("groups.csv", DeviceGroup, ("id",), ("id", "name", "purpose", "condition", "division_path")),
    Part("members.csv", Membership, ("group", "record"), ("group", "record"), path_field="group__division_path"),
    Part(
        "targets.csv", CoverageTarget, ("division_path", "entity_type", "valid_from"),
        ("division_path", "entity_type", "valid_from", "nodes"),
    ),
    Part(
        "work.csv", Maintenance, ("device_id", "cause"),
        ("device_id", "cause", "kind", "division_path", "due_at", "case_id", "case_number", "opened_at", "done_at",
         "result", "cost"),
    ),
    Part("places.csv", PlaceModel, ("id",), ("id", "name", "division_path", "entity_id")),
)  # fmt: skip


def row_of(part: Part, one: models.Model) -> Row:
    """A row as text."""
    return {column: _text(part, one, column) for column in part.columns}


def value_of(part: Part, column: str, text: str) -> Any:
    """What a text of a row stands for. Raises ValueError, ValidationError or ObjectDoesNotExist where it stands for nothing."""
    if column == "model":
        return DeviceModel.objects.get(name=text) if text else None
    if column in {"group", "record"}:
        return (DeviceGroup if column == "group" else DeviceRecord)._default_manager.get(pk=UUID(text))
    if column == THINGS:
        return [_entity(urn) for urn in text.split()]
    if part.model is DeviceRecord and column in COLUMNS:
        return _named(column, text)
    if column in JSON:
        return json.loads(text or "{}")
    if column == "case_id":
        # the case itself stays where it is; its number tells which it was
        return UUID(text) if text and Case.objects.filter(id=text).exists() else None
    kind = _field(part, column)
    return None if text == "" and kind.null else kind.to_python(text)


def _named(column: str, text: str) -> UUID | None:
    """The thing of a URN, or the organisation of a code."""
    if not text:
        return None
    if column == "entity":
        return _entity(text).id
    try:
        return Organisation.objects.get(code=text).id
    except ObjectDoesNotExist:
        raise ValueError(str(_("There is no organisation with this code here: %(code)s") % {"code": text})) from None


def _entity(urn: str) -> Entity:
    found = Entity.objects.filter(urn=urn, tenant="").first()
    if found is None:
        raise ValueError(str(_("There is no such place to measure at")) + f": {urn}")
    return found


def _text(part: Part, one: models.Model, column: str) -> str:
    if column == "model":
        model = getattr(one, "model", None)
        return model.name if model else ""
    if column == THINGS:
        things = Entity.objects.filter(device_id=one.pk, tenant="").order_by("urn")
        return " ".join(things.values_list("urn", flat=True))
    if isinstance(one, DeviceRecord) and column in COLUMNS:
        return _name(one, column)
    if column in {"group", "record"}:
        return str(getattr(one, f"{column}_id"))
    value = getattr(one, column)
    if column in JSON:
        return json.dumps(value, ensure_ascii=False, sort_keys=True)
    return "" if value is None else str(_field(part, column).value_to_string(one))


def _name(record: DeviceRecord, column: str) -> str:
    """The URN of what a device measures at, or the code of its owner."""
    meant = getattr(record, COLUMNS[column])
    if meant is None:
        return ""
    rows = (
        Entity.objects.filter(id=meant).values_list("urn", flat=True)
        if column == "entity"
        else Organisation.objects.filter(id=meant).values_list("code", flat=True)
    )
    return next(iter(rows), "")


def _field(part: Part, column: str) -> "models.Field[Any, Any]":
    found = part.model._meta.get_field(column)
    if not isinstance(found, models.Field):
        raise TypeError(f"{column} of {part.file} is no column")
    return found
