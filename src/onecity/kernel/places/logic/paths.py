"""The text path of a division: `tree/code/code/`, a prefix key that every package keeps as `division_path`.

A division contains another exactly when its path is a prefix of the other's: one index in byte order ("C") answers it.
"""

import re

TREE_PATTERN = r"^[a-z][a-z0-9-]*$"
CODE_PATTERN = r"^[A-Za-z0-9._-]+$"
ADMINISTRATIVE = "adm"


def join(parent: str, code: str) -> str:
    """Return the path of the division `code` below the path `parent`, which for a root is the name of its tree.

    Raises ValueError when the tree or the code has a character that a path cannot hold.
    """
    if not re.fullmatch(CODE_PATTERN, code):
        raise ValueError(f"a division's code has letters, digits, dots and dashes only: {code!r}")
    if parent.endswith("/"):
        return f"{parent}{code}/"
    if not re.fullmatch(TREE_PATTERN, parent):
        raise ValueError(f"a tree's name has small letters, digits and dashes only: {parent!r}")
    return f"{parent}/{code}/"


def parent_of(path: str) -> str:
    """Return the path one step up, empty for a root and for text that is no path."""
    head = path.rstrip("/").rpartition("/")[0]
    return f"{head}/" if "/" in head else ""


def tree_of(path: str) -> str:
    """Return the name of the tree, empty for text that is no path."""
    tree, slash, rest = path.partition("/")
    return tree if slash and rest.endswith("/") else ""


def code_of(path: str) -> str:
    """Return the last code of a path."""
    return path.rstrip("/").rpartition("/")[2]


def contains(outer: str, inner: str) -> bool:
    """Return whether the division `inner` is `outer` itself or lies below it."""
    return bool(outer) and inner.startswith(outer)


def ancestors(path: str) -> list[str]:
    """Return the paths from the root down to the division itself."""
    tree, *codes = path.rstrip("/").split("/")
    return [f"{tree}/{'/'.join(codes[: depth + 1])}/" for depth in range(len(codes))]


def is_code(text: str) -> bool:
    """Return whether the text can be a division's code."""
    return re.fullmatch(CODE_PATTERN, text) is not None


def is_tree(text: str) -> bool:
    """Return whether the text can be the name of a tree."""
    return re.fullmatch(TREE_PATTERN, text) is not None
