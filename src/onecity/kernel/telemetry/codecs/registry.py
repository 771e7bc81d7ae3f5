"""Codecs that are code: a domain registers a function under a name when it is loaded; nobody can type one into a form."""

import re
from collections.abc import Mapping

from onecity.kernel.telemetry.codecs.decoding import Code

NAME = re.compile(r"[a-z][a-z0-9_-]{0,62}\Z")
_codes: dict[str, Code] = {}


def register(name: str, code: Code) -> None:
    """Let codecs of the format `code` name this function. Raises ValueError for a name that is taken or cannot be one.

    The function is given messages and a Gathering, to which it adds readings and failures.
    """
    if not NAME.match(name):
        raise ValueError(f"{name!r} cannot name the code of a codec: use small letters, digits, - and _")
    if _codes.get(name, code) is not code:
        raise ValueError(f"the code {name!r} is registered already")
    _codes[name] = code


def code(name: str) -> Code | None:
    """The function of this name, None where no loaded domain has one."""
    return _codes.get(name)


def codes() -> Mapping[str, Code]:
    """All functions by name."""
    return dict(_codes)
