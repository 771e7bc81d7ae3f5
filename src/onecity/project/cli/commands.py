"""Gathers the commands of `onecity` from their files."""

import typer

from onecity.project.cli import accounts, broker, care, data, develop, devices, serve, up

app = typer.Typer(name="onecity", no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
app.command()(up.up)
app.command()(data.init)
app.command()(data.outlines)
app.command()(data.demo)
app.command()(data.replay)
app.command()(develop.bench)
app.command()(accounts.administrator)
app.command("broker-config")(broker.broker_config)
app.command()(care.doctor)
app.command()(care.backup)
app.command()(care.restore)
app.command(hidden=True)(data.prepare)
app.command(hidden=True)(serve.serve)
app.add_typer(devices.device_app, name="device", help="Sensors and stations.")
app.add_typer(care.audit_app, name="audit", help="The audit trail.")
app.add_typer(develop.domain_app, name="domain", help="The city's systems in code.")
app.add_typer(develop.messages_app, name="messages", help="Translations.")
app.add_typer(data.client_app, name="client", help="Other systems that sign their users in here.")
