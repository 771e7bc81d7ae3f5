"""What is wrong with the values of a request, as the caller wrote them and in the caller's language."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from ninja.errors import ValidationErrorContext
from pydantic import BaseModel

from onecity.kernel.core.errors import FieldError

# the validator lists choices in English: 'a', 'b' or 'c'
CHOICE = re.compile(r"'([^']*)'")
SOURCES = frozenset({"body", "query", "path", "form", "header", "cookie", "file"})

_TEXT = _("This must be text.")
_NUMBER = _("This must be a number.")
_WHOLE = _("This must be a whole number.")
_BOOLEAN = _("This must be true or false.")
_IDENTITY = _("This must be an id, such as 01900000-0000-7000-8000-000000000000.")
_DAY = _("Write a day as 2026-07-01.")
_MOMENT = _("Write a moment with its zone, as 2026-07-01T08:00:00+08:00.")
_OBJECT = _("This must be an object.")
_CHOICE = _("This must be one of: %(expected)s.")
# the validator's words for what can be wrong → ours; its context gives the figures (pydantic, "Validation errors")
SENTENCES: Mapping[str, Promise] = {
    "missing": _("This value is needed."),
    "string_type": _TEXT,
    "string_unicode": _("This text holds characters that no text can hold."),
    "string_too_short": _("This text must have at least %(min_length)s characters."),
    "string_too_long": _("This text may have at most %(max_length)s characters."),
    "string_pattern_mismatch": _("This is not written as it must be: %(pattern)s"),
    "int_type": _WHOLE,
    "int_parsing": _WHOLE,
    "int_parsing_size": _WHOLE,
    "int_from_float": _WHOLE,
    "float_type": _NUMBER,
    "float_parsing": _NUMBER,
    "finite_number": _NUMBER,
    "bool_type": _BOOLEAN,
    "bool_parsing": _BOOLEAN,
    "uuid_type": _IDENTITY,
    "uuid_parsing": _IDENTITY,
    "greater_than": _("This must be more than %(gt)s."),
    "greater_than_equal": _("This must be at least %(ge)s."),
    "less_than": _("This must be less than %(lt)s."),
    "less_than_equal": _("This may be at most %(le)s."),
    "literal_error": _CHOICE,
    "enum": _CHOICE,
    "date_type": _DAY,
    "date_parsing": _DAY,
    "date_from_datetime_parsing": _DAY,
    "date_from_datetime_inexact": _DAY,
    "datetime_type": _MOMENT,
    "datetime_parsing": _MOMENT,
    "datetime_from_date_parsing": _MOMENT,
    "datetime_object_invalid": _MOMENT,
    "timezone_aware": _MOMENT,
    "too_short": _("This list must have at least %(min_length)s entries."),
    "too_long": _("This list may have at most %(max_length)s entries."),
    "list_type": _("This must be a list."),
    "dict_type": _OBJECT,
    "model_type": _OBJECT,
    "model_attributes_type": _OBJECT,
    "extra_forbidden": _("There is no value of this name."),
}

# a kind of error that has no sentence yet: never the validator's English
OTHER = _("This value cannot be taken.")


def found(context: ValidationErrorContext[Any]) -> Iterator[dict[str, Any]]:
    """The validator's errors, each with its place as the caller wrote it: without the names of our own arguments."""
    model = context.model
    flat: Mapping[tuple[str, ...], tuple[str, ...]] = getattr(model, "__ninja_flatten_map_reverse__", {})
    for error in context.pydantic_validation_error.errors(include_url=False, include_input=False):
        place = flat.get(tuple(map(str, error["loc"])), error["loc"])
        yield {**error, "loc": (model.__ninja_param_source__, *_without_argument(model, place))}


def _without_argument(model: type[BaseModel], place: tuple[int | str, ...]) -> tuple[int | str, ...]:
    field = model.model_fields.get(str(place[0])) if len(place) > 1 else None
    kind = field.annotation if field is not None else None
    return place[1:] if isinstance(kind, type) and issubclass(kind, BaseModel) else place


def field_error(error: Mapping[str, Any]) -> FieldError:
    """One error of the validator as a problem names it, in the language active now."""
    kind = str(error.get("type", "invalid"))
    figures = dict(error.get("ctx", {}))
    if "expected" in figures:
        figures["expected"] = ", ".join(word for word in CHOICE.findall(str(figures["expected"])) if word)
    detail = str(SENTENCES.get(kind, OTHER)) % figures
    return FieldError(_written(error), detail, kind)


def _written(error: Mapping[str, Any]) -> str:
    place = [str(part) for part in error.get("loc", ())]
    if len(place) > 1 and place[0] in SOURCES:
        place = place[1:]
    return ".".join(place)
