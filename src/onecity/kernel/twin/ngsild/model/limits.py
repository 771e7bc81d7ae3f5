"""How large and deep an entity may be, so that no input makes the platform work without end; stated in docs/ngsi-ld.md."""

from typing import Final

DEPTH: Final = 64  # JSON inside JSON in one value
SUB_ATTRIBUTES_DEPTH: Final = 8  # attributes of attributes of …
ATTRIBUTES: Final = 2_000  # attributes of one entity or fragment
INSTANCES: Final = 1_000  # instances (data sets) of one attribute
HISTORY: Final = 100_000  # instances of one attribute over time in one request
SUB_ATTRIBUTES: Final = 200  # sub-attributes of one instance
POSITIONS: Final = 100_000  # positions of one geometry
TYPES: Final = 64  # types of one entity
SCOPES: Final = 256  # scopes of one entity
LANGUAGES: Final = 500  # languages of one language map
OBJECTS: Final = 10_000  # objects of one relationship
URI_LENGTH: Final = 2_048  # characters of one URI
NAME_LENGTH: Final = 512  # characters of one name
NODES: Final = 200_000  # members and items of one value
