"""What every domain must keep to, as checks that give sentences: run over all of them by a test, and over new ones."""

import ast
import re
from collections.abc import Callable, Iterator
from pathlib import Path

from django.apps import apps
from django.db.models import ForeignKey
from django.urls import Resolver404, resolve
from django.utils import translation

from onecity.kernel.cases.logic.definition import DefinitionError
from onecity.kernel.core.units import UnitError, unit
from onecity.kernel.registry.domain import Domain
from onecity.kernel.rules.types import RuleDecl, Threshold

# a text needs Chinese signs once its English has a word; symbols such as PM2.5, AQI or pH are the same everywhere
WORD = re.compile(r"[A-Za-z][a-z]{2,}")
CHINESE = re.compile(r"[\u4e00-\u9fff]")
FRAMEWORKS = frozenset({"django", "ninja", "psycopg", "nats", "httpx", "procrastinate"})
MEANINGLESS = frozenset({"utils.py", "helpers.py", "common.py", "misc.py"})
README_LEAST = 200

Translate = Callable[[object], str]


def faults(domain: Domain, folder: Path, chinese: Translate) -> list[str]:
    """Return every way in which a domain fails to conform; `chinese` renders a text in Chinese. Empty: it conforms."""
    return [
        f"{domain.name}: {fault}"
        for check in (
            _manifest(domain, folder),
            _texts(domain, chinese),
            _entity_types(domain),
            _rules(domain),
            _case_types(domain),
            _files(folder),
            _logic(folder / "logic"),
        )
        for fault in check
    ]


def page_faults(domain: Domain) -> list[str]:
    """Return the pages of a manifest that lead nowhere."""
    found = []
    for page in domain.pages:
        try:
            resolve(page.path)
        except Resolver404:
            found.append(f"{domain.name}: the page {page.path} does not exist")
    return found


def model_faults(domain: Domain) -> list[str]:
    """Return the foreign keys by which a domain's tables reach into another package."""
    if not apps.is_installed(domain.package):
        return []
    config = next(one for one in apps.get_app_configs() if one.name == domain.package)
    return [
        f"{domain.name}: {model.__name__}.{field.name} is a foreign key into {target.app_label}"
        for model in config.get_models()
        for field in model._meta.get_fields()
        if isinstance(field, ForeignKey)
        for target in (field.remote_field.model._meta,)
        if target.app_label != config.label
    ]


def _manifest(domain: Domain, folder: Path) -> Iterator[str]:
    for member in ("title", "lead", "package", "description"):
        if not str(getattr(domain, member)).strip():
            yield f"the manifest has no {member}"
    if domain.plan_task < 1:
        yield "the manifest does not say which task of the plan it serves"
    if domain.package.rpartition(".")[2] != folder.name or domain.name != folder.name:
        yield f"name, package and folder differ: {domain.name}, {domain.package}, {folder.name}"


def _texts(domain: Domain, chinese: Translate) -> Iterator[str]:
    texts: list[object] = [domain.title, domain.description]
    for entity_type in domain.entity_types:
        texts += [entity_type.title, *(attribute.title for attribute in entity_type.attributes)]
    texts += [text for rule in domain.rules for text in (rule.title, rule.description)]
    texts += [text for decl in domain.case_types for text in (decl.title, decl.description)]
    for part in (domain.indicators, domain.layers, domain.pages, domain.permissions):
        texts += [item.title for item in part]
    texts += [stop[2] for layer in domain.layers for stop in layer.stops]
    for text in texts:
        with translation.override("en"):
            english = str(text)
        if WORD.search(english) and not CHINESE.search(chinese(text)):
            yield f"the text {english!r} has no Chinese translation"


def _entity_types(domain: Domain) -> Iterator[str]:
    for entity_type in domain.entity_types:
        if not entity_type.attributes:
            yield f"the entity type {entity_type.name} measures nothing"
        for attribute in entity_type.attributes:
            name = f"{entity_type.name}.{attribute.name}"
            try:
                unit(attribute.unit)
            except UnitError:
                yield f"{name}: {attribute.unit!r} is no UCUM unit"
            if attribute.minimum is None or attribute.maximum is None:
                yield f"{name} has no range: say below and above which a value is a fault"


def _rules(domain: Domain) -> Iterator[str]:
    known = {entity_type.name: entity_type for entity_type in domain.entity_types}
    for rule in domain.rules:
        if not rule.name.startswith(f"{domain.name}."):
            yield f"the rule {rule.name} must be named {domain.name}.…"
        if rule.entity_type not in known:
            yield f"the rule {rule.name} watches {rule.entity_type}, which this domain does not declare"
            continue
        attributes = {attribute.name: attribute for attribute in known[rule.entity_type].attributes}
        if rule.attribute not in attributes:
            yield f"the rule {rule.name} watches {rule.attribute}, which {rule.entity_type} does not have"
            continue
        attribute = attributes[rule.attribute]
        yield from _levels(rule, attribute.minimum, attribute.maximum)


def _levels(rule: RuleDecl, minimum: float | None, maximum: float | None) -> Iterator[str]:
    if not isinstance(rule.condition, Threshold) or minimum is None or maximum is None:
        return
    for level in rule.condition.levels:
        if not minimum <= level.raise_at <= maximum:
            yield f"the rule {rule.name} can never be {level.severity}: {level.raise_at} is outside the possible range"


def _case_types(domain: Domain) -> Iterator[str]:
    for decl in domain.case_types:
        try:
            if not decl.definition().routes:
                yield f"the kind of case {decl.name} has nobody to handle it"
        except DefinitionError as error:
            yield f"the kind of case {decl.name} cannot work: {error}"


def _files(folder: Path) -> Iterator[str]:
    readme = folder / "README.md"
    if not readme.is_file() or len(readme.read_text(encoding="utf-8")) < README_LEAST:
        yield "README.md is missing or says nothing"
    if not any((folder / "tests").glob("test_*.py")):
        yield "it has no tests"
    for path in sorted(folder.rglob("*.py")):
        if path.name in MEANINGLESS:
            yield f"{path.name} says nothing of what is inside"


def _logic(folder: Path) -> Iterator[str]:
    for path in sorted(folder.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            for name in names:
                if name.split(".")[0] in FRAMEWORKS:
                    yield f"logic/{path.name} knows {name}: algorithms take arrays and know no framework"
