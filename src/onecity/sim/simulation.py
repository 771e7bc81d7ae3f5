"""What a domain's simulation has to offer so that the runner can bring its entities to life."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from onecity.kernel.telemetry.types import EntityType

Readings = Mapping[str, NDArray[np.float64]]


class PlannedEntity(Protocol):
    """One entity that a domain wants to simulate."""

    @property
    def type(self) -> EntityType:
        """Its entity type."""
        ...

    @property
    def key(self) -> str:
        """Its short name on the wire, unique within the type."""
        ...

    @property
    def name(self) -> str:
        """Its name for people."""
        ...

    @property
    def division_path(self) -> str:
        """The division in which it stands."""
        ...

    @property
    def lon(self) -> float:
        """Longitude, WGS-84 degrees."""
        ...

    @property
    def lat(self) -> float:
        """Latitude, WGS-84 degrees."""
        ...

    @property
    def properties(self) -> Mapping[str, Any]:
        """Its facts; `simulated` must be true, `sampling_minutes` says what a reading stands for."""
        ...


class Simulation(Protocol):
    """The simulated part of one domain; readings are a function of time, so past and present agree."""

    @property
    def name(self) -> str:
        """The domain's name."""
        ...

    def plan(self) -> Sequence[PlannedEntity]:
        """Plan the entities of the district that is loaded; empty when none is."""
        ...

    def open(self, second: int) -> None:
        """Prepare something worth seeing shortly after `second` (UTC), when the demonstration starts."""
        ...

    def read(self, seconds: NDArray[np.int64]) -> Mapping[str, Readings]:
        """Readings at n instants (UTC seconds): key → attribute → float64[n]; NaN = nothing is sent."""
        ...
