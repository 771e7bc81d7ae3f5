"""Observations changed or taken back (OGC 18-088, 10.3 and 10.4): for readers of SensorThings; readings are never rewritten."""

import math
from collections.abc import Mapping
from typing import Any

from onecity.kernel.core import clock
from onecity.kernel.twin.models import Observation
from onecity.kernel.twin.sensorthings import documents, keeping, observations, observed, sets
from onecity.kernel.twin.sensorthings.asker import Asker
from onecity.kernel.twin.sensorthings.sets import Row


def delete(asker: Asker, row: Row) -> None:
    """Take an observation back: it is not shown any more. Raises Problem 401 and 403."""
    key = _own(asker, row)
    found = _kept(key)
    if found is not None and found.alone:
        found.delete()
    else:
        keeping.hide([key])


def change(asker: Asker, row: Row, given: Mapping[str, Any], *, whole: bool) -> None:
    """Give an observation new members; `whole`: in place of all it had. Its time and datastream stay.

    Raises Problem 400, 401 and 403.
    """
    key = _own(asker, row)
    before = {name: value for name, value in row.items() if name[0] not in "@_"}
    if before["resultTime"] == before["phenomenonTime"]:
        del before["resultTime"]
    facts = dict(given) if whole else before | dict(given)
    facts = {name: value for name, value in facts.items() if "@iot." not in name}
    wanted = observed.of_datastream(key[0], {"phenomenonTime": before["phenomenonTime"], **facts})
    if wanted.at != key[1] or "Datastream" in given:
        raise documents.wrong("phenomenonTime" if wanted.at != key[1] else "Datastream")
    number = observed.number_of(keeping.plan([key[0]]).kind(key[0]), wanted.result)
    found = _kept(key)
    alone = found is not None and found.alone
    if (number is not None and math.isnan(number)) or alone != (number is None):
        raise documents.wrong("result")
    feature = row["_feature"]
    if wanted.feature is not None:
        if not isinstance(wanted.feature, str):
            raise documents.wrong(f"{observed.FEATURE}/@iot.id")
        feature = keeping.named(asker, wanted.feature)
    keeping.change(key, wanted.document, feature, alone=alone)


def _own(asker: Asker, row: Row) -> observations.Key:
    """Series and time of an observation that may be changed."""
    key = observations.parse_id(str(row["@iot.id"]))
    if key is None:
        raise sets.none_such()
    asker.require(sets.streams(asker).values_list("division_path", flat=True).get(id=key[0]))
    return key


def _kept(key: observations.Key) -> Observation | None:
    return Observation.objects.filter(series_id=key[0], observed_at=clock.from_us(key[1])).first()
