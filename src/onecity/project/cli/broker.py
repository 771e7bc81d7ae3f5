"""Prints the broker's configuration, for those who run their own NATS server."""

import typer

from onecity.project import environment
from onecity.project.stack import broker


def broker_config() -> None:
    """Print the configuration that this installation's broker needs; it holds secrets, so keep it readable by NATS only."""
    typer.echo(broker.configuration(environment.read()))
