"""Answers to a form: checked against its JSON Schema, each mistake at the field to which it belongs."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import jsonschema_rs
import msgspec
from django.utils.translation import gettext_lazy as _

from onecity.kernel.cases.logic.provisions import Form
from onecity.kernel.core.errors import FieldError

MOST_MISTAKES = 20


def mistakes(form: Form, given: object) -> list[FieldError]:
    """What is wrong with the answers, in the reader's language; nothing where they fit."""
    if not isinstance(given, Mapping):
        return [FieldError("answers", _("The answers are an object with a value for each field."))]
    checker = _checker(msgspec.json.encode(form.schema))
    found = []
    for error in checker.iter_errors(dict(given)):
        found.append(FieldError(*_told(error)))
        if len(found) == MOST_MISTAKES:
            break
    return found


@lru_cache(maxsize=512)
def _checker(schema: bytes) -> jsonschema_rs.Draft202012Validator:
    return jsonschema_rs.Draft202012Validator(schema.decode(), validate_formats=True)


def _told(error: jsonschema_rs.ValidationError) -> tuple[str, object]:
    path = [str(part) for part in error.instance_path]
    kind: Any = error.kind
    name = type(kind).__name__
    if name == "Required":
        return ".".join([*path, str(kind.property)]), _("This is needed.")
    where = ".".join(path) or "answers"
    sentence = SENTENCES.get(name)
    return where, sentence or error.message


SENTENCES: Mapping[str, object] = {
    "Enum": _("Choose one of the values offered."),
    "Constant": _("This value is not possible here."),
    "Type": _("This is not the kind of value that is asked for."),
    "Format": _("This is not written as it should be."),
    "Pattern": _("This is not written as it should be."),
    "MinLength": _("This is too short."),
    "MaxLength": _("This is too long."),
    "Minimum": _("This is too small."),
    "Maximum": _("This is too large."),
    "MinItems": _("Choose more of the values."),
    "MaxItems": _("Choose fewer of the values."),
    "AdditionalProperties": _("The form has no such field."),
}
