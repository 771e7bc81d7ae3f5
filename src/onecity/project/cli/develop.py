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

console = Console(stderr=True, highlight=False)
domain_app = typer.Typer(no_args_is_help=True)
messages_app = typer.Typer(no_args_is_help=True)


def bench(
    name: Annotated[str, typer.Argument(help="Which measurement; without a name the list is shown.")] = "",
    quick: Annotated[bool, typer.Option(help="A tenth of the size, to see that it runs.")] = False,
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


@domain_app.command("new")
def new_domain(
    name: Annotated[str, typer.Argument(help="Short lower-case name, for example eldercare.")],
) -> None:
    """Write a new domain that already passes every conformance test."""
    made = scaffold.new_domain(name, messages.SOURCE / "domains")
    console.print(f"Made {made}. Add it to project/domains.py to put it into the house.")


@messages_app.command("update")
def update_messages() -> None:
    """Bring the Chinese catalogues in step with the code."""
    for path in messages.update():
        console.print(f"updated {path}")


@messages_app.command("compile")
def compile_messages() -> None:
    """Make the catalogues ready for use."""
    console.print(f"{messages.compile_all()} catalogues compiled")


@messages_app.command("check")
def check_messages() -> None:
    """Fail when a text has no Chinese translation, or two."""
    missing = messages.missing()
    for found in missing:
        console.print(f"{found.place}:{found.line}: no translation: {found.text!r}", soft_wrap=True)
    if missing:
        raise RuntimeError(f"{len(missing)} texts have no Chinese translation.")
    if different := messages.conflicts():
        raise RuntimeError("Texts with two Chinese translations: " + "; ".join(different))
    console.print("Every text has its Chinese translation.")
