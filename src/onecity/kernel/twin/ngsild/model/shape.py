"""How an answer is to look: representation, members, language, data sets, GeoJSON (6.3.7, 6.3.11, 4.5.4, 4.5.16, 4.15, 4.21)."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final, Literal

Format = Literal["normalized", "concise", "simplified"]

LOCATION: Final = "https://uri.etsi.org/ngsi-ld/location"
SCOPE: Final = "https://uri.etsi.org/ngsi-ld/scope"
DEFAULT_INSTANCE: Final = "@none"


@dataclass(frozen=True, slots=True)
class Shape:
    """What is shown of an entity. Names are stored names, or `id`, `type`, `scope`, `expiresAt`.

    `pick`: only these members; `omit`: all but these; `attrs`: only these attributes, id and type stay (deprecated).
    `lang`: languages by preference as Accept-Language writes them: language maps become one text. `dataset_ids`: only
    these instances, `@none` is the default one. `geojson`: a Feature with `geometry_property` as its geometry.
    `instance_ids`: with instanceId (temporal).
    """

    format: Format = "normalized"
    sys_attrs: bool = False
    pick: Collection[str] | None = None
    omit: Collection[str] = ()
    attrs: Collection[str] | None = None
    lang: str | None = None
    dataset_ids: Collection[str] | None = None
    geojson: bool = False
    geometry_property: str = LOCATION
    instance_ids: bool = False

    def shows(self, member: str) -> bool:
        """Whether a member of the entity itself (`id`, `type`, `scope`) is shown."""
        if self.pick is not None and member not in self.pick:
            return False
        return member not in self.omit


NORMALIZED: Final = Shape()
EVERYTHING: Final = Shape(sys_attrs=True)
"""All that is known, for other brokers and for exports."""
