"""Paths into a document, as in `object.sensors[0].temperature` or `["odd name"].value`: read once, followed quickly."""

import re

from onecity.kernel.core.text import lazy as _
from onecity.kernel.telemetry.codecs.declaration import CodecError, Path

STEP = re.compile(r'\.?([^.\[\]"]+)|\[(-?\d{1,6})\]|\["((?:[^"\\]|\\.){1,100})"\]')
MOST_STEPS = 12
MISSING = object()


def parse(text: str, where: str) -> Path:
    """The steps of a path; raises CodecError where it is none."""
    steps: list[str | int] = []
    at = 0
    while at < len(text):
        found = STEP.match(text, at)
        if found is None or len(steps) == MOST_STEPS or (at == 0 and text.startswith(".")):
            raise CodecError(where, _("“{path}” is not a path; write it like object.sensors[0].value", path=text[:80]))
        name, index, quoted = found.groups()
        steps.append(int(index) if index is not None else name if name is not None else re.sub(r"\\(.)", r"\1", quoted))
        at = found.end()
    if not steps:
        raise CodecError(where, _("The path is empty"))
    return tuple(steps)


def follow(document: object, path: Path) -> object:
    """What stands at the path; MISSING where there is nothing."""
    for step in path:
        if isinstance(step, str):
            if not isinstance(document, dict) or step not in document:
                return MISSING
            document = document[step]
        else:
            if not isinstance(document, list) or not -len(document) <= step < len(document):
                return MISSING
            document = document[step]
    return document


def render(path: Path) -> str:
    """A path as text."""
    text = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path)
    return text.removeprefix(".")
