"""Gathers the commands of `onecity` from their files, each with what it does in one sentence."""

from onecity.project.cli import (
    accounts,
    broker,
    care,
    cases,
    certificates,
    data,
    decisions,
    develop,
    devices,
    places,
    serve,
    services,
    tiers,
    up,
)
from onecity.project.cli.shape import Command, group
from onecity.project.language import gettext as _

app = group()
for function, help_text in (
    (
        up.up,
        _("Start database, broker, web, gateway, pipeline, worker and, in demonstration mode, the simulated district."),
    ),
    (data.init, _("Load a district: its outline, towns and villages. A second run changes nothing.")),
    (data.demo, _("Create the demonstration accounts (their passwords are public; production refuses them).")),
    (
        data.replay,
        _("Stream a recorded data set through the same gateway that devices use, and check that every row arrived."),
    ),
    (develop.bench, _("Measure; the last line of output is one JSON object with figures, data size and machine.")),
    (
        accounts.administrator,
        _("Create an administrator, who then gives others their accounts and roles at the desk."),
    ),
    (care.doctor, _("Check every part and say how to mend what is wrong.")),
    (care.backup, _("Save database and uploads into one archive while the platform runs.")),
    (care.restore, _("Replace database and uploads by those of an archive; the platform must be stopped.")),
):
    app.command(cls=Command, help=help_text)(function)
app.command(
    "broker-config",
    cls=Command,
    help=_(
        "Print the configuration that this installation's broker needs; it holds secrets, so keep it readable by NATS only."
    ),
)(broker.broker_config)
app.command(cls=Command, hidden=True)(data.prepare)
app.command(cls=Command, hidden=True)(serve.serve)
app.add_typer(devices.device_app, name="device", help=_("Sensors and stations."))
app.add_typer(places.places_app, name="places", help=_("Outlines of towns, and trees beside the administrative one."))
app.add_typer(decisions.decision_app, name="decision", help=_("Decision tables."))
app.add_typer(certificates.certificates_app, name="certificates", help=_("Certificates: kinds and keys."))
app.add_typer(services.services_app, name="services", help=_("Service items."))
app.add_typer(tiers.tiers_app, name="tiers", help=_("Towns and their district."))
app.add_typer(care.audit_app, name="audit", help=_("The audit trail."))
app.add_typer(cases.cases_app, name="cases", help=_("Cases."))
app.add_typer(develop.domain_app, name="domain", help=_("The city's systems in code."))
app.add_typer(develop.messages_app, name="messages", help=_("Translations."))
app.add_typer(data.client_app, name="client", help=_("Other systems that sign their users in here."))
