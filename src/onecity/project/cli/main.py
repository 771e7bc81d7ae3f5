"""Entry of the command line: makes Django ready, then runs the command; a failure is one sentence, not a traceback."""

import os
import sys
from importlib import import_module

import django
import psycopg
from django.db import OperationalError
from django.utils import translation
from rich.console import Console
from typer.exceptions import Abort, TyperException

from onecity.kernel.core.errors import Problem
from onecity.project import environment, language, messages
from onecity.project.language import gettext as _

EXPECTED = (RuntimeError, ValueError, OSError, OperationalError, psycopg.OperationalError)
# runs one of the platform's own processes, which store what they say in the platform's own language
SERVE = "serve"


def main() -> None:
    """Run `onecity`; exit code 2 for a wrong call, 1 for work that could not be done."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "onecity.project.settings")
    _compile_messages()
    try:
        environment.read()
        django.setup()
        if SERVE not in sys.argv[1:2]:
            translation.activate(language.chosen())
        sys.exit(_run())
    except Abort:
        _tell(_("Stopped; nothing more was done."))
    except Problem as problem:
        _tell(f"{problem.title} {problem.detail}".strip())
    except EXPECTED as error:
        if os.environ.get("ONECITY_DEBUG"):
            raise
        _tell(str(error).strip() or type(error).__name__)


def _run() -> int:
    # commands import models, which exist only now
    commands, shape = (import_module(f"onecity.project.cli.{name}") for name in ("commands", "shape"))
    try:
        code = commands.app(prog_name="onecity", standalone_mode=False)
    except TyperException as wrong:
        if type(wrong).__name__ == "NoArgsIsHelpError":
            sys.stderr.write(wrong.format_message())
        else:
            _tell(shape.complaint(wrong), wrong.exit_code)
        return wrong.exit_code
    return code if isinstance(code, int) else 0


def _compile_messages() -> None:
    """Make the catalogues ready before anything is translated: what is read once stays in memory as it was."""
    try:
        messages.compile_all()
    except PermissionError as error:
        text = _("translations are not compiled: {file} cannot be written").format(file=error.filename)
        Console(stderr=True).print(f"[yellow]![/yellow] {text}")


def _tell(sentence: str, code: int = 1) -> None:
    Console(stderr=True, highlight=False).print(f"[red]✗[/red] {sentence}", soft_wrap=True)
    sys.exit(code)
