"""Readings as a source gathers them, point by point, before they are checked and appended to the log."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from onecity.kernel.telemetry.logic.readings import Readings


@dataclass(slots=True)
class Samples:
    """Readings of one round: of which entity and attribute, in which unit ("" for the series' own), when (µs), what."""

    points: list[tuple[str, str, str]] = field(default_factory=list)
    observed_at: list[int] = field(default_factory=list)
    values: list[float] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.values)

    def add(self, entity: str, attribute: str, unit: str, observed_at: int, value: float) -> None:
        """One reading more."""
        self.points.append((entity, attribute, unit))
        self.observed_at.append(observed_at)
        self.values.append(value)

    def readings(self) -> tuple[Readings, Sequence[str]]:
        """The same as columns, and the unit of each."""
        entities: dict[str, int] = {}
        attributes: dict[str, int] = {}
        numbers = np.array(
            [
                (entities.setdefault(entity, len(entities)), attributes.setdefault(attribute, len(attributes)))
                for entity, attribute, _unit in self.points
            ],
            np.int32,
        ).reshape(-1, 2)
        found = Readings(
            list(entities),
            list(attributes),
            numbers[:, 0],
            numbers[:, 1],
            np.array(self.observed_at, np.int64),
            np.array(self.values, np.float64),
            np.arange(len(self.values), dtype=np.int32),
        )
        return found, [unit for _entity, _attribute, unit in self.points]
