"""What a kind of entity measures: the declarations a domain's manifest makes, pure and frozen."""

import datetime as dt
import re
from dataclasses import dataclass

from onecity.kernel.core.units import unit as parse_unit

ATTRIBUTE_NAME = re.compile(r"[a-z][a-z0-9_]{0,62}\Z")
ENTITY_TYPE_NAME = re.compile(r"[A-Z][A-Za-z0-9]{0,62}\Z")
# members of a reading in the wire format: an attribute of such a name could not be told from them
RESERVED = frozenset({"entity", "attribute", "value", "values", "observed_at"})


@dataclass(frozen=True, slots=True)
class Attribute:
    """One measured quantity: its name on the wire, its title for people, its UCUM unit and its possible range.

    A value below `minimum` or above `maximum` is not a measurement but a fault; `None` leaves that side open.
    `title` may be a lazy translation. `decimals` is how many a person is shown. `model_name`: what a published data model
    calls it, where that differs (`pm25`); the name in NGSI-LD. `derived`: computed from other values and not measured, so
    that its course says nothing about a device.
    """

    name: str
    title: object
    unit: str = "1"
    minimum: float | None = None
    maximum: float | None = None
    decimals: int = 1
    model_name: str = ""
    derived: bool = False

    def __post_init__(self) -> None:
        if not ATTRIBUTE_NAME.match(self.name) or self.name in RESERVED:
            raise ValueError(f"{self.name!r} cannot name an attribute: use small letters, digits and _, as in 'pm2_5'")
        parse_unit(self.unit)
        if self.minimum is not None and self.maximum is not None and self.minimum > self.maximum:
            raise ValueError(f"attribute {self.name!r}: minimum {self.minimum} is above maximum {self.maximum}")


@dataclass(frozen=True, slots=True)
class EntityType:
    """A kind of thing that is observed, with all it measures and how old its readings may be.

    `max_age`: a current value older than this is shown as stale. `late_after`: a reading older than the newest of its
    own series by more than this is refused as late. `icon` names a symbol of the design system. `model_name`: the type of a
    published data model that this is (`AirQualityObserved`), "" where there is none; the type in NGSI-LD.
    """

    name: str
    title: object
    attributes: tuple[Attribute, ...]
    max_age: dt.timedelta = dt.timedelta(hours=1)
    late_after: dt.timedelta = dt.timedelta(days=30)
    icon: str = ""
    model_name: str = ""

    def __post_init__(self) -> None:
        if not ENTITY_TYPE_NAME.match(self.name):
            raise ValueError(f"{self.name!r} cannot name an entity type: use letters and digits, as in 'AirStation'")
        names = [attribute.name for attribute in self.attributes]
        if len(set(names)) != len(names):
            raise ValueError(f"entity type {self.name!r} names an attribute twice: {', '.join(sorted(names))}")
        if self.max_age <= dt.timedelta(0) or self.late_after <= dt.timedelta(0):
            raise ValueError(f"entity type {self.name!r}: max_age and late_after must be positive")

    def attribute(self, name: str) -> Attribute:
        """The attribute of this name; raises KeyError."""
        for attribute in self.attributes:
            if attribute.name == name:
                return attribute
        raise KeyError(f"entity type {self.name!r} has no attribute {name!r}")
