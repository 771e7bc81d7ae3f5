"""Checks the value of an attribute as its kind demands, and puts its names under stored names (4.5.2-4.5.24)."""

import re
from collections.abc import Callable
from typing import Any, Final

from onecity.kernel.core.text import lazy as _
from onecity.kernel.twin.ngsild.model import values
from onecity.kernel.twin.ngsild.model.geojson import require_geometry
from onecity.kernel.twin.ngsild.model.kinds import NULL
from onecity.kernel.twin.ngsild.model.limits import LANGUAGES, OBJECTS
from onecity.kernel.twin.ngsild.model.names import require_uri
from onecity.kernel.twin.ngsild.model.problems import bad_request
from onecity.kernel.twin.ngsild.model.rules import Reading

# a language (RFC 5646, 2.1: as far as every tag looks) or none
TAG: Final = re.compile(r"[A-Za-z]{1,8}(?:-[A-Za-z0-9]{1,8})*|@none", re.ASCII)


def _plain(value: Any, where: str, reading: Reading) -> Any:
    values.check(value, where, nulls=reading.rules.within)
    return value


def _object(value: Any, where: str, reading: Reading) -> Any:  # noqa: ARG001 - any JSON; one signature
    if isinstance(value, list):
        if not 0 < len(value) <= OBJECTS:
            raise bad_request(_("{where} must be one URI or a list of 1 to {most}.", where=where, most=OBJECTS), where)
        return [_target(item, where) for item in value]
    return _target(value, where)


def _target(value: Any, where: str) -> str:
    """The URI of a linked entity; NGSI-LD Null is none (5.2.1)."""
    if value == NULL:
        values.check(value, where)
    return require_uri(value, where)


def _geometry(value: Any, where: str, reading: Reading) -> Any:  # noqa: ARG001 - any JSON; one signature
    return require_geometry(value, where)


def _languages(value: Any, where: str, reading: Reading) -> Any:
    if not isinstance(value, dict) or not 0 < len(value) <= LANGUAGES:
        raise bad_request(
            _("{where} must be an object from languages to texts, such as en and zh.", where=where), where
        )
    for tag, text in value.items():
        texts = text if isinstance(text, list) and text else [text]
        if not TAG.fullmatch(tag) or not all(isinstance(item, str) for item in texts):
            raise bad_request(
                _("{where} must be an object from languages to texts, such as en and zh.", where=where), where
            )
    values.check(value, where, nulls=reading.rules.within)
    return value


def _vocabulary(value: Any, where: str, reading: Reading) -> Any:
    terms = value if isinstance(value, list) and value else [value]
    if not all(isinstance(item, str) and item for item in terms):
        raise bad_request(_("{where} must be a name or a list of names.", where=where), where)
    values.check(value, where)
    expand = reading.context.expand
    return [expand(item) for item in value] if isinstance(value, list) else expand(value)


def _json(value: Any, where: str, reading: Reading) -> Any:
    if not isinstance(value, dict) and not (isinstance(value, list) and all(isinstance(item, dict) for item in value)):
        raise bad_request(_("{where} must be an object or a list of objects.", where=where), where)
    values.check(value, where, nulls=reading.rules.within)
    return value


def _list(value: Any, where: str, reading: Reading) -> Any:
    if not isinstance(value, list):
        raise bad_request(_("{where} must be a list.", where=where), where)
    values.check(value, where, nulls=reading.rules.within)
    return value


def _objects(value: Any, where: str, reading: Reading) -> Any:  # noqa: ARG001 - any JSON; one signature
    if not isinstance(value, list) or len(value) > OBJECTS:
        raise bad_request(_("{where} must be a list of at most {most} URIs.", where=where, most=OBJECTS), where)
    return [_target(item.get("object") if isinstance(item, dict) and len(item) == 1 else item, where) for item in value]


CHECKED: Final[dict[str, Callable[[Any, str, Reading], Any]]] = {
    "Property": _plain,
    "Relationship": _object,
    "GeoProperty": _geometry,
    "LanguageProperty": _languages,
    "VocabProperty": _vocabulary,
    "JsonProperty": _json,
    "ListProperty": _list,
    "ListRelationship": _objects,
}
"""Kind → what makes its value, as given, the value that is kept; raises Problem."""
