"""Findings as lines of a table."""

from collections.abc import Sequence
from typing import Any

from onecity.domains.devices.models import DeviceRecord, Finding
from onecity.kernel.core import units
from onecity.kernel.places import service as places

MEASURES = {"silent": "h", "stuck": "h", "battery": "d", "clock": "s"}


def of(rows: Sequence[Finding]) -> list[dict[str, Any]]:
    """Each finding with the device's name and record, what it is, its measure, its place and its address."""
    records = DeviceRecord.objects.in_bulk({row.device_id for row in rows})
    titles = places.titles_for({row.division_path for row in rows}, full=True)
    return [
        {
            "finding": row,
            "record": records.get(row.device_id),
            "name": records[row.device_id].name if row.device_id in records else str(row.device_id),
            "what": row.get_kind_display(),
            "measure": units.symbol(row.unit) if row.unit else MEASURES.get(row.kind, ""),
            "place": titles[row.division_path],
            "href": f"/desk/devices/{row.device_id}",
        }
        for row in rows
    ]
