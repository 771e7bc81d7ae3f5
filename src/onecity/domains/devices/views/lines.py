"""Findings as lines of a table."""

from collections.abc import Sequence
from typing import Any

from onecity.domains.devices.models import DeviceRecord, Finding
from onecity.kernel.core import units
from onecity.kernel.places import service as places
from onecity.kernel.telemetry.models import Series
from onecity.kernel.twin.models import EntityKind

MEASURES = {"silent": "h", "stuck": "h", "battery": "d", "clock": "s"}


def of(rows: Sequence[Finding]) -> list[dict[str, Any]]:
    """Each finding with the device's name and record, what it is, its measure, its place and its address."""
    records = DeviceRecord.objects.in_bulk({row.device_id for row in rows})
    titles = places.titles_for({row.division_path for row in rows}, full=True)
    named = _named({row.series_id for row in rows if row.series_id is not None})
    return [
        {
            "finding": row,
            "record": records.get(row.device_id),
            "name": records[row.device_id].name if row.device_id in records else str(row.device_id),
            "attribute": named.get(row.series_id or 0, row.attribute),
            "what": row.get_kind_display(),
            "measure": units.symbol(row.unit) if row.unit else MEASURES.get(row.kind, ""),
            "place": titles[row.division_path],
            "href": f"/desk/devices/{row.device_id}",
        }
        for row in rows
    ]


def _named(series: set[int]) -> dict[int, str]:
    """What these series measure, in the reader's language."""
    rows = list(Series.objects.filter(id__in=series).values_list("id", "entity_type", "attribute"))
    kinds = {kind.name: kind for kind in EntityKind.objects.filter(name__in={row[1] for row in rows})}
    return {number: kinds[kind].attribute_title(name) for number, kind, name in rows if kind in kinds}
