"""Models, devices, addresses, sources, groups, targets, work, places, codecs and rules as one ZIP: taken out, compared, brought in.

No secrets go along: a source that needs credentials gets them anew where it is brought in.
"""

import csv
import io
import json
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.core.exceptions import ObjectDoesNotExist, ValidationError
from django.db import models, transaction
from django.utils.translation import gettext_lazy as _

from onecity.domains.devices import registering
from onecity.domains.devices.models import DeviceRecord
from onecity.domains.devices.parts import COLUMNS, PARTS, THINGS, Part, Row, row_of, value_of
from onecity.domains.devices.permissions import MANAGE
from onecity.kernel.access import audit, policy
from onecity.kernel.core.clock import now
from onecity.kernel.core.errors import FieldError, Problem
from onecity.kernel.people.models import Account
from onecity.kernel.places import service as tree
from onecity.kernel.rules import choices, publishing
from onecity.kernel.rules import exchange as rule_files
from onecity.kernel.rules.permissions import RULES_EDIT, RULES_VIEW
from onecity.kernel.telemetry import codec_library
from onecity.kernel.telemetry import service as telemetry
from onecity.kernel.telemetry.fieldbus import forms as field_forms
from onecity.kernel.telemetry.models import CodecStatus, CodecVersion, Device, FieldSource

MOST_BYTES, MOST_UNPACKED, MOST_ERRORS = 20_000_000, 100_000_000, 50


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
            rows = policy.visible(part.model._default_manager.all(), account, part.view, part.path_field)
            text = io.StringIO()
            writer = csv.DictWriter(text, part.columns, lineterminator="\n")
            writer.writeheader()
            writer.writerows(row_of(part, one) for one in rows.order_by(*part.key))
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
            _codecs(codecs, account, found)
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
        except (ValidationError, ValueError, KeyError, TypeError, ObjectDoesNotExist) as error:
            said = "; ".join(error.messages) if isinstance(error, ValidationError) else str(error)
            errors.append(FieldError(f"{part.file}:{line}", said, "row"))
    return errors


def _one(part: Part, row: Row, account: Account, found: Differences) -> None:
    """Check one row and bring it in."""
    name = " ".join(row[column] for column in part.key)
    values = {column: value_of(part, column, row.get(column, "")) for column in part.columns}
    key = {column: values[column] for column in part.key}
    path = part.place_of(values)
    if tree.by_path(path) is None:
        raise ValueError(str(_("There is no such division. Choose one of the list.")))
    policy.require(account, part.edit, path)
    known = part.model._default_manager.filter(**key).first()
    before = row_of(part, known) if known else {}
    if known is not None and part.place(known) != path:
        raise ValueError(str(_("It is in another division here: move it first.")))
    one, after = _filled(part, known or part.model(**key), values)
    if isinstance(one, FieldSource):
        _source(one)
    changed = [column for column in part.columns if before.get(column) != after[column]]
    if known is None:
        if isinstance(one, DeviceRecord):
            _device(one)
        one.save(force_insert=True)
        found.created.setdefault(part.file, []).append(name)
    elif changed:
        one.save()
        found.changed.setdefault(part.file, {})[name] = changed
    else:
        found.unchanged[part.file] = found.unchanged.get(part.file, 0) + 1
    if isinstance(one, DeviceRecord) and THINGS in changed:
        registering.measures_at(one.device_id, values[THINGS], account)


def _filled(part: Part, one: models.Model, values: Mapping[str, Any]) -> tuple[models.Model, Row]:
    """The row with its new values, checked, and how it will read."""
    for column, value in values.items():
        if column != THINGS:
            setattr(one, COLUMNS.get(column, column) if isinstance(one, DeviceRecord) else column, value)
    unknown = {field.name for field in one._meta.fields if field.null and getattr(one, field.attname) is None}
    one.full_clean(exclude=unknown)
    after = row_of(part, one)
    if THINGS in values:
        after[THINGS] = " ".join(sorted(thing.urn for thing in values[THINGS]))
    return one, after


def _source(one: FieldSource) -> None:
    """A source must be one that its protocol can do with, of a device in its division. Raises ValueError."""
    if not Device.objects.filter(id=one.device_id, division_path=one.division_path).exists():
        raise ValueError(str(_("There is no such device in this division.")))
    try:
        field_forms.check(one.protocol, one.settings)
    except Problem as problem:
        raise ValueError("; ".join(f"{error.field}: {error.detail}" for error in problem.errors)) from problem
    one.changed_at = now()


def _device(record: DeviceRecord) -> None:
    """The device of the gateways under the same id, with a secret that nobody knows."""
    if not Device.objects.filter(id=record.device_id).exists():
        made, _secret = telemetry.create_device(record.name, record.division_path)
        Device.objects.filter(id=made.id).update(id=record.device_id)


def _codecs(file: bytes, account: Account, found: Differences) -> None:
    """Bring in codecs; what the library had in use before is told apart from what is new."""
    before = set(_in_use())
    codec_library.import_(file, _home(account), account)
    fresh = [(name, version) for name, version in _in_use() if (name, version) not in before]
    known = {name for name, _version in before}
    if new := [name for name, _version in fresh if name not in known]:
        found.created["codecs.json"] = new
    if other := [name for name, _version in fresh if name in known]:
        found.changed["codecs.json"] = {name: ["definition"] for name in other}


def _in_use() -> list[tuple[str, int]]:
    rows = CodecVersion.objects.filter(status=CodecStatus.PUBLISHED).order_by("name")
    return list(rows.values_list("name", "version"))
