"""Documentation that a change forgot makes the build fail: commands, settings, domains, decisions and links."""

import re
from pathlib import Path

from typer.core import TyperGroup
from typer.main import get_command

from onecity.project.cli.commands import app

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"


def test_every_command_is_documented() -> None:
    text = (DOCS / "commands.md").read_text(encoding="utf-8")
    commands = get_command(app)
    assert isinstance(commands, TyperGroup)
    shown = [name for name, command in commands.commands.items() if not command.hidden]
    assert [name for name in shown if f"onecity {name}" not in text] == []


def test_every_setting_is_documented() -> None:
    text = (DOCS / "settings.md").read_text(encoding="utf-8")
    sources = [p for p in (ROOT / "src").rglob("*.py") if "tests" not in p.parts]
    used = {name for p in sources for name in re.findall(r'"(ONECITY_[A-Z_]+|PORT)"', p.read_text(encoding="utf-8"))}
    assert sorted(name for name in used if f"`{name}`" not in text) == []


def test_every_domain_has_its_page() -> None:
    domains = [p.parent for p in (ROOT / "src" / "onecity" / "domains").glob("*/domain.py")]
    assert domains != []
    assert [d.name for d in domains if not (d / "README.md").is_file()] == []


def test_every_decision_says_what_was_decided() -> None:
    decisions = sorted((DOCS / "adr").glob("*.md"))
    assert decisions != []
    assert [p.name for p in decisions if "**Decided:**" not in p.read_text(encoding="utf-8")] == []


def test_links_in_documents_lead_somewhere() -> None:
    broken = []
    for page in [*ROOT.glob("README*.md"), *DOCS.rglob("*.md"), *(ROOT / "src").rglob("README.md")]:
        targets = re.findall(r"\]\(([^)#\s]+)", page.read_text(encoding="utf-8"))
        local = [target for target in targets if not target.startswith(("http://", "https://"))]
        broken += [f"{page.relative_to(ROOT)}: {target}" for target in local if not (page.parent / target).exists()]
    assert broken == []


def test_every_row_of_the_features_says_its_state_and_its_proof() -> None:
    rows = [line for line in (DOCS / "features.md").read_text(encoding="utf-8").splitlines() if line.startswith("| ")]
    body = [re.split(r"(?<!\\)\|", row.strip("|")) for row in rows if not row.startswith(("| capability", "|---"))]
    assert body != []
    wrong = [row for row in body if len(row) != 3 or row[1].strip() not in {"works", "partial", "missing"}]
    assert wrong == []
    unproven = [row[0] for row in body if row[1].strip() != "missing" and "`" not in row[2]]
    assert unproven == []
    named = {name for row in body for name in re.findall(r"`((?:src|tests)/[^`:]+)`", row[2])}
    assert sorted(name for name in named if not (ROOT / name).exists()) == []
