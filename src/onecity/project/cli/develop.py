"""Commands for those who build on the platform: measure, make a new domain, keep translations complete."""

import json
import os
import platform
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from onecity.kernel.registry import scaffold
from onecity.project import benchmarks, messages
from onecity.project.cli.shape import Command, group
from onecity.project.language import gettext as _

console = Console(stderr=True, highlight=False)
domain_app = group()
messages_app = group()


def bench(
    name: Annotated[str, typer.Argument(help=_("Which measurement; without a name the list is shown."))] = "",
    quick: Annotated[bool, typer.Option(help=_("A tenth of the size, to see that it runs."))] = False,
) -> None:
    """Measure; the last line of output is one JSON object with figures, data size and machine."""
    result = {"bench": name, **benchmarks.run(name, quick=quick)}
    result.setdefault("machine", machine())
    typer.echo(json.dumps(result, ensure_ascii=False, default=str))


def machine() -> dict[str, object]:
    """What the figures were measured on."""
    cpu = next(
        (line.split(":", 1)[1].strip() for line in _lines("/proc/cpuinfo") if line.startswith("model name")), "unknown"
    )
    memory = next((int(line.split()[1]) // 1024 for line in _lines("/proc/meminfo") if line.startswith("MemTotal")), 0)
    return {"cpu": cpu, "cores": os.cpu_count(), "memory_mib": memory, "python": platform.python_version()}


def _lines(path: str) -> list[str]:
    file = Path(path)
    return file.read_text().splitlines() if file.exists() else []


@domain_app.command("new", cls=Command, help=_("Write a new domain that already passes every conformance test."))
def new_domain(
    name: Annotated[str, typer.Argument(help=_("Short lower-case name, for example eldercare."))],
) -> None:
    """Write a new domain that already passes every conformance test."""
    made = scaffold.new_domain(name, messages.SOURCE / "domains")
    console.print(_("Made {path}. Add it to project/domains.py to put it into the house.").format(path=made))


@messages_app.command("update", cls=Command, help=_("Bring the Chinese catalogues in step with the code."))
def update_messages() -> None:
    """Bring the Chinese catalogues in step with the code."""
    for path in messages.update():
        console.print(_("updated {path}").format(path=path))


@messages_app.command("compile", cls=Command, help=_("Make the catalogues ready for use."))
def compile_messages() -> None:
    """Make the catalogues ready for use."""
    console.print(_("{n} catalogues compiled").format(n=messages.compile_all()))


@messages_app.command("check", cls=Command, help=_("Fail when a text has no Chinese translation, or two."))
def check_messages() -> None:
    """Fail when a text has no Chinese translation, or two."""
    missing = messages.missing()
    for found in missing:
        console.print(
            f"{found.place}:{found.line}: " + _("no translation: {text}").format(text=found.text), soft_wrap=True
        )
    if missing:
        raise RuntimeError(_("{n} texts have no Chinese translation.").format(n=len(missing)))
    if different := messages.conflicts():
        raise RuntimeError(_("Texts with two Chinese translations: {texts}").format(texts="; ".join(different)))
    console.print(_("Every text has its Chinese translation."))
