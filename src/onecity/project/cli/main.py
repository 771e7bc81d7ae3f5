"""Entry of the command line: makes Django ready, then runs the command; a failure is one sentence, not a traceback."""

import os
import sys
from importlib import import_module

import click
import django
import psycopg
from django.db import OperationalError
from rich.console import Console

from onecity.kernel.core.errors import Problem
from onecity.project import environment, messages

EXPECTED = (RuntimeError, ValueError, OSError, OperationalError, psycopg.OperationalError)


def main() -> None:
    """Run `onecity`; exit code 2 for a wrong call, 1 for work that could not be done."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "onecity.project.settings")
    try:
        environment.read()
        _compile_messages()
        django.setup()
        # commands import models, which exist only now
        import_module("onecity.project.cli.commands").app()
    except (click.exceptions.Exit, click.Abort) as stop:
        sys.exit(getattr(stop, "exit_code", 1))
    except Problem as problem:
        _tell(f"{problem.title} {problem.detail}".strip())
    except EXPECTED as error:
        if os.environ.get("ONECITY_DEBUG"):
            raise
        _tell(str(error).strip() or type(error).__name__)


def _compile_messages() -> None:
    """Make the catalogues ready before anything is translated: what is read once stays in memory as it was."""
    try:
        messages.compile_all()
    except PermissionError as error:
        Console(stderr=True).print(
            f"[yellow]![/yellow] translations are not compiled: {error.filename} cannot be written"
        )


def _tell(sentence: str) -> None:
    Console(stderr=True, highlight=False).print(f"[red]✗[/red] {sentence}")
    sys.exit(1)
