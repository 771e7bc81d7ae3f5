"""The house rules that a tool can hold: sizes, names, imports, and what must never be in the tree."""

import ast
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "src" / "onecity"
LONGEST_FILE = 400
LONGEST_FUNCTION = 50
MEANINGLESS = {"utils.py", "helpers.py", "common.py", "misc.py"}
FRAMEWORKS = {"django", "ninja", "nats", "psycopg", "httpx", "paho", "procrastinate"}


def tracked() -> list[Path]:
    listing = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [ROOT / line for line in listing.splitlines() if (ROOT / line).is_file()]


def python_files() -> list[Path]:
    return [p for p in tracked() if p.suffix == ".py" and "migrations" not in p.parts]


def parsed() -> Iterator[tuple[Path, ast.Module]]:
    for path in python_files():
        yield path, ast.parse(path.read_text(encoding="utf-8"))


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def test_files_and_functions_keep_to_their_size() -> None:
    long = [name_of(p) for p in python_files() if len(p.read_text(encoding="utf-8").splitlines()) > LONGEST_FILE]
    for path, tree in parsed():
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                length = (node.end_lineno or node.lineno) - node.lineno + 1
                if length > LONGEST_FUNCTION:
                    long.append(f"{name_of(path)}:{node.lineno} {node.name} ({length})")
    assert long == []


def test_file_names_say_what_is_inside() -> None:
    assert [name_of(p) for p in python_files() if p.name in MEANINGLESS] == []


def test_every_module_opens_with_a_sentence() -> None:
    without = [
        name_of(path)
        for path, tree in parsed()
        # tests too: a sentence says what is held to be true; a package's empty __init__ has nothing to say
        if tree.body and not ast.get_docstring(tree)
    ]
    assert without == []


def test_no_import_hides_inside_a_function() -> None:
    hidden = [
        f"{name_of(path)}:{inner.lineno}"
        for path, tree in parsed()
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        for inner in ast.walk(node)
        if isinstance(inner, ast.Import | ast.ImportFrom)
    ]
    assert hidden == []


def test_only_the_project_loads_modules_by_name() -> None:
    pattern = re.compile(r"\b(import_module|import_string|get_model|__import__)\b")
    users = [
        name_of(p)
        for p in python_files()
        if p.is_relative_to(SOURCE) and not p.is_relative_to(SOURCE / "project") and "tests" not in p.parts
        if pattern.search(p.read_text(encoding="utf-8"))
    ]
    assert users == []


def test_algorithms_know_no_framework() -> None:
    guilty = []
    for path, tree in parsed():
        if "logic" not in path.parts or not path.is_relative_to(SOURCE):
            continue
        for node in ast.walk(tree):
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            guilty += [f"{name_of(path)}: {n}" for n in names if n.split(".")[0] in FRAMEWORKS]
    assert guilty == []


def test_no_escape_from_the_type_checker() -> None:
    pattern = re.compile(r"typing import [^\n]*\bcast\b|typing\.cast|# type: ignore(?!\[)")
    assert [name_of(p) for p in python_files() if pattern.search(p.read_text(encoding="utf-8"))] == [
        "tests/architecture/test_structure.py"
    ]


def test_every_lint_exception_gives_its_reason() -> None:
    bare = re.compile(r"# (noqa: [A-Z0-9, ]+|type: ignore\[[a-z\-, ]+\])\s*$", re.MULTILINE)
    assert [name_of(p) for p in python_files() if bare.search(p.read_text(encoding="utf-8"))] == []


def test_the_code_knows_no_district() -> None:
    named = re.compile("奉贤|fengxian|3101" + "20", re.IGNORECASE)
    guilty = [
        name_of(p)
        for p in tracked()
        if p.is_relative_to(SOURCE)
        and "tests" not in p.parts
        and p.suffix in {".py", ".html", ".js", ".css", ".po", ".json"}
        if named.search(p.read_text(encoding="utf-8"))
    ]
    assert guilty == []


def test_nothing_is_swallowed() -> None:
    swallowed = [
        f"{name_of(path)}:{node.lineno}"
        for path, tree in parsed()
        for node in ast.walk(tree)
        if isinstance(node, ast.ExceptHandler) and len(node.body) == 1 and isinstance(node.body[0], ast.Pass)
    ]
    assert swallowed == []


@pytest.mark.parametrize("lock", ["requirements.lock", "requirements-dev.lock", "requirements-node.lock"])
def test_python_locks_carry_hashes_and_no_address(lock: str) -> None:
    text = (ROOT / lock).read_text()
    pins = re.findall(r"^[a-z0-9\-_.\[\]]+==", text, re.MULTILINE)
    assert len(pins) > 0
    assert text.count("--hash=sha256:") >= len(pins)
    assert not re.search(r"https?://|--index-url|--find-links", text)


def test_the_npm_lock_carries_hashes_and_no_address() -> None:
    text = (ROOT / "package-lock.json").read_text()
    assert '"resolved"' not in text
    assert '"integrity"' in text
