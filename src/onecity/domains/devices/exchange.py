"""Models, devices, groups, codecs, rules and models of places as one ZIP of JSON and CSV: taken out, compared, brought in. No secrets."""

import csv
import io
import json
import zipfile
from dataclasses import dataclass, field
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.utils.translation import gettext_lazy as _

from onecity.domains.devices.models import DeviceGroup, DeviceModel, DeviceRecord, PlaceModel
from onecity.domains.devices.permissions import MANAGE, VIEW
from onecity.kernel.access import audit, policy
from onecity.kernel.core.errors import FieldError, Problem
from onecity.kernel.people.models import Account
from onecity.kernel.places import service as tree
from onecity.kernel.rules import choices, publishing
from onecity.kernel.rules import exchange as rule_files
from onecity.kernel.rules.permissions import RULES_EDIT, RULES_VIEW
from onecity.kernel.telemetry import codec_library
from onecity.kernel.telemetry import service as telemetry
from onecity.kernel.telemetry.models import CodecStatus, CodecVersion, Device

MOST_BYTES, MOST_UNPACKED, MOST_ERRORS = 20_000_000, 100_000_000, 50
Row = dict[str, str]


@dataclass(frozen=True, slots=True)
class Part:
    """One table of the file: its name, model, the column that names a row, and the columns that go along."""

    file: str
    model: type[models.Model]
    key: str
    columns: tuple[str, ...]


PARTS = (
    Part(
        "models.csv", DeviceModel, "name",
        ("name", "title", "maker", "entity_type", "protocol", "codec", "battery_attribute", "battery_minimum",
         "expected_interval", "unit_cost", "yearly_cost", "calibration_days", "lifetime_years", "division_path"),
    ),
    Part(
        "devices.csv", DeviceRecord, "device_id",
        ("device_id", "name", "model", "serial", "dev_eui", "division_path", "lon", "lat", "purchase_cost",
         "running_cost", "status", "installed_at", "retired_at", "calibrated_at", "note"),
    ),
    Part("groups.csv", DeviceGroup, "id", ("id", "name", "purpose", "condition", "division_path")),
    Part("places.csv", PlaceModel, "id", ("id", "name", "division_path", "entity_id")),
)  # fmt: skip


@dataclass
class Differences:
    """By table: keys of rows that are new, those that change with the columns that do, and how many stay."""

    created: dict[str, list[str]] = field(default_factory=dict)
    changed: dict[str, dict[str, list[str]]] = field(default_factory=dict)
    unchanged: dict[str, int] = field(default_factory=dict)


def export(account: Account) -> bytes:
    """All that the account may see, as a ZIP; the same content gives the same tables."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for part in PARTS:
            rows = policy.visible(part.model._default_manager.all(), account, VIEW).order_by(part.key)
            text = io.StringIO()
            writer = csv.DictWriter(text, part.columns, lineterminator="\n")
            writer.writeheader()
            writer.writerows(_row(part, one) for one in rows)
            archive.writestr(part.file, text.getvalue())
        if CodecVersion.objects.filter(status=CodecStatus.PUBLISHED).exists():
            archive.writestr("codecs.json", codec_library.export())
        if policy.may_somewhere(account, RULES_VIEW):
            rules = rule_files.export(publishing.in_force())
            archive.writestr("rules.json", json.dumps(rules, ensure_ascii=False, indent=1))
    return content.getvalue()


def bring_in(file: bytes, account: Account, *, trial: bool) -> Differences:
    """Bring in a file whole or not at all; `trial`: only tell what would change. A second time changes nothing.

    Devices that are new here get a secret that nobody knows: give each a new one on its page. Raises Problem 422 that names
    every wrong row by file and line, 403 for a division where the account may not manage devices.
    """
    tables, codecs, rules = _unpacked(file)
    found = Differences()
    errors: list[FieldError] = []
    with transaction.atomic():
        if codecs is not None:
            codec_library.import_(codecs, _home(account), account)
        if rules is not None:
            policy.require(account, RULES_EDIT, _home(account))
            taken = rule_files.bring_in(
                rules, division_path=_home(account), author=account, case_types=choices.case_types()
            )
            found.created |= {"rules.json": taken.created} if taken.created else {}
            found.changed |= {"rules.json": {key: ["definition"] for key in taken.drafted}} if taken.drafted else {}
        for part in PARTS:
            errors += _take(part, tables.get(part.file, []), account, found)
        if errors:
            raise Problem(
                "devices-file",
                _("Nothing was brought in: some rows are wrong"),
                status=422,
                errors=errors[:MOST_ERRORS],
            )
        if trial:
            transaction.set_rollback(True)
        else:
            audit.record(
                "devices.imported", actor_id=account.id, object_type="file", object_id="", division_path=_home(account)
            )
    return found


def _home(account: Account) -> str:
    """The widest division in which the account manages devices."""
    found = sorted(policy.scopes(account, MANAGE), key=len)
    if not found:
        raise policy.refusal(MANAGE)
    return found[0] or (root.path if (root := tree.root()) else "")


def _row(part: Part, one: models.Model) -> Row:
    return {column: _text(part, one, column) for column in part.columns}


def _text(part: Part, one: models.Model, column: str) -> str:
    if column == "model":
        model = getattr(one, "model", None)
        return model.name if model else ""
    value = getattr(one, column)
    if column == "condition":
        return json.dumps(value, ensure_ascii=False, sort_keys=True)
    return "" if value is None else str(_field(part, column).value_to_string(one))


def _unpacked(file: bytes) -> tuple[dict[str, list[Row]], bytes | None, bytes | None]:
    refused = Problem("devices-file", _("This is not a file of devices"), status=422)
    if len(file) > MOST_BYTES:
        raise refused
    try:
        with zipfile.ZipFile(io.BytesIO(file)) as archive:
            names = {info.filename: info.file_size for info in archive.infolist()}
            if sum(names.values()) > MOST_UNPACKED or not set(names) & {part.file for part in PARTS}:
                raise refused
            tables = {
                part.file: list(csv.DictReader(io.StringIO(archive.read(part.file).decode("utf-8-sig")), restval=""))
                for part in PARTS
                if part.file in names
            }
            codecs = archive.read("codecs.json") if "codecs.json" in names else None
            rules = archive.read("rules.json") if "rules.json" in names else None
    except (zipfile.BadZipFile, UnicodeDecodeError, csv.Error, NotImplementedError, RuntimeError) as error:
        raise refused from error
    return tables, codecs, rules


def _take(part: Part, rows: list[Row], account: Account, found: Differences) -> list[FieldError]:
    errors: list[FieldError] = []
    for line, row in enumerate(rows, start=2):
        try:
            _one(part, row, account, found)
        except (ValidationError, ValueError, KeyError, TypeError, DeviceModel.DoesNotExist) as error:
            said = "; ".join(error.messages) if isinstance(error, ValidationError) else str(error)
            errors.append(FieldError(f"{part.file}:{line}", said, "row"))
    return errors


def _one(part: Part, row: Row, account: Account, found: Differences) -> None:
    """Check one row and bring it in."""
    path, key = row["division_path"], row[part.key]
    if tree.by_path(path) is None:
        raise ValueError(str(_("There is no such division. Choose one of the list.")))
    policy.require(account, MANAGE, path)
    before: Row = {}
    known = part.model._default_manager.filter(**{part.key: key}).first()
    values = {column: _value(part, column, row[column]) for column in part.columns}
    if known is not None:
        before = _row(part, known)
        policy.require(account, MANAGE, before["division_path"])
        if before["division_path"] != path:
            raise ValueError(str(_("It is in another division here: move it first.")))
    one = known or part.model(**{part.key: values[part.key]})
    for column, value in values.items():
        setattr(one, column, value)
    one.full_clean()
    after = _row(part, one)
    if known is None:
        if isinstance(one, DeviceRecord):
            _device(one)
        one.save(force_insert=True)
        found.created.setdefault(part.file, []).append(key)
    elif changed := [column for column in part.columns if before[column] != after[column]]:
        one.save()
        found.changed.setdefault(part.file, {})[key] = changed
    else:
        found.unchanged[part.file] = found.unchanged.get(part.file, 0) + 1


def _value(part: Part, column: str, text: str) -> Any:
    if column == "model":
        return DeviceModel.objects.get(name=text) if text else None
    if column == "condition":
        return json.loads(text or "{}")
    kind = _field(part, column)
    return None if text == "" and kind.null else kind.to_python(text)


def _device(record: DeviceRecord) -> None:
    """The device of the gateways under the same id, with a secret that nobody knows."""
    if not Device.objects.filter(id=record.device_id).exists():
        made, _secret = telemetry.create_device(record.name, record.division_path)
        Device.objects.filter(id=made.id).update(id=record.device_id)


def _field(part: Part, column: str) -> "models.Field[Any, Any]":
    found = part.model._meta.get_field(column)
    if not isinstance(found, models.Field):
        raise TypeError(f"{column} of {part.file} is no column")
    return found
