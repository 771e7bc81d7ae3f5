"""How `onecity` shows its help and its complaints about a call: the words that come from the library, in our language."""

import re
from typing import Any

import typer
from typer import rich_utils
from typer.core import TyperCommand, TyperGroup
from typer.exceptions import TyperException

from onecity.project.language import gettext as _

rich_utils.ARGUMENTS_PANEL_TITLE = _("Arguments")
rich_utils.OPTIONS_PANEL_TITLE = _("Options")
rich_utils.COMMANDS_PANEL_TITLE = _("Commands")
rich_utils.DEFAULT_STRING = _("[default: {}]")
rich_utils.ENVVAR_STRING = _("[env var: {}]")
rich_utils.REQUIRED_LONG_STRING = _("[required]")


class Command(TyperCommand):
    """One command."""

    def get_usage(self, ctx: Any) -> str:
        """The line of usage."""
        return _usage(super().get_usage(ctx))

    def get_help_option(self, ctx: Any) -> typer.core.TyperOption | None:
        """The option `--help`."""
        return _explained(super().get_help_option(ctx))


class Group(TyperGroup):
    """Commands under a common name."""

    def get_usage(self, ctx: Any) -> str:
        """The line of usage."""
        return _usage(super().get_usage(ctx))

    def get_help_option(self, ctx: Any) -> typer.core.TyperOption | None:
        """The option `--help`."""
        return _explained(super().get_help_option(ctx))


def _usage(line: str) -> str:
    for ours, theirs in (
        (_("Usage: "), "Usage: "),
        (_("[OPTIONS]"), "[OPTIONS]"),
        (_("COMMAND [ARGS]..."), "COMMAND [ARGS]..."),
    ):
        line = line.replace(theirs, ours)
    return line


def _explained(option: typer.core.TyperOption | None) -> typer.core.TyperOption | None:
    if option is not None:
        option.help = _("Show this message and exit.")
    return option


def group() -> typer.Typer:
    """A group of commands that shows its help when it is called without one."""
    return typer.Typer(cls=Group, no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)


def complaint(error: TyperException) -> str:
    """What is wrong with a call, in our language, and where to look."""
    said = error.format_message()
    for pattern, ours in COMPLAINTS:
        found = re.fullmatch(pattern, said, re.DOTALL)
        if found:
            said = ours.format(*found.groups(default=""))
            break
    context = getattr(error, "ctx", None)
    if context is None:
        return said
    return said + " " + _("Try “{command} --help”.").format(command=context.command_path)


_VALUE = r"Invalid value for '?([^':]+)'?: "
COMPLAINTS = (
    (r"No such option: (\S+).*", _("There is no option {0}.")),
    (r"No such command '(.+?)'\..*", _("There is no command “{0}”.")),
    (r"Missing argument '(.+?)'\..*", _("The argument {0} is missing.")),
    (r"Missing option '(.+?)'\..*", _("The option {0} is missing.")),
    (r"Missing command\.", _("Say which command.")),
    (_VALUE + r"Input should be a valid integer.*", _("{0} must be a whole number.")),
    (_VALUE + r"Input should be a valid number.*", _("{0} must be a number.")),
    (_VALUE + r"Input should be less than or equal to (\S+)", _("{0} may be {1} at most.")),
    (_VALUE + r"Input should be greater than or equal to (\S+)", _("{0} must be {1} at least.")),
    (_VALUE + r"Input should be a valid UUID.*", _("{0} must be an id, such as 019ab3c2-6d1e-7f00-8000-0123456789ab.")),
    (_VALUE + r".*'(.+?)' does not exist\.", _("{0}: there is no “{1}”.")),
    (_VALUE + r".*'(.+?)' is a directory\.", _("{0}: “{1}” is a folder, a file is needed.")),
    (_VALUE + r"(.+)", _("{0}: {1}")),
    (r"Invalid value: (.+)", "{0}"),
    (r"Option '(.+?)' requires an argument\.", _("The option {0} needs a value.")),
    (r"Option '(.+?)' does not take a value\.", _("The option {0} takes no value.")),
    (r"Got unexpected extra arguments?(?:\(s\))? \((.+)\)", _("This is too much: {0}")),
)
