"""What each of the platform's own processes runs; here the layers are put together."""

import signal
import threading
from collections.abc import Callable
from importlib import import_module

from django.conf import settings
from procrastinate.contrib.django import app as jobs
from procrastinate.contrib.django.django_connector import DjangoConnector

from onecity.kernel.rules.stage import RulesStage
from onecity.kernel.telemetry import gateway, pipeline
from onecity.kernel.telemetry.batch import Stage
from onecity.kernel.telemetry.fieldbus import waiting
from onecity.kernel.tiers import process
from onecity.kernel.tiers.following import TownFollower
from onecity.kernel.tiers.stage import TownStage
from onecity.kernel.twin.sensorthings.listening import Listener
from onecity.kernel.twin.stage import StateStage, WatchedStage
from onecity.project import background, demonstration, domains, tiers
from onecity.sim import runner


def run_gateway() -> None:
    """Devices' sign-in at the broker and the collection of their messages."""
    gateway.run([Listener])


def run_pipeline() -> None:
    """From the durable log to store, state, alerts and cases."""
    domains.load()
    stages: list[Stage] = [RulesStage(), StateStage(), WatchedStage()]
    if settings.ONECITY_TIER == "town":
        stages.append(TownStage())
    pipeline.run(stages, TownFollower() if settings.ONECITY_TIER == "district" else None)


def run_worker() -> None:
    """Background work: sweeps, retention, messages."""
    domains.load()
    demonstration.connect()
    connector = jobs.connector
    if not isinstance(connector, DjangoConnector):
        raise TypeError("background jobs are expected to live in Django's database")
    with jobs.replace_connector(connector.get_worker_connector()) as worker:
        background.run(worker)


def run_tiers() -> None:
    """The links between a district and its towns."""
    domains.load()
    tiers.declare()
    process.run()


def run_fieldbus() -> None:
    """Controllers, servers and networks in the field that the platform asks or follows by itself."""
    domains.load()
    ending = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ending.set())
    if waiting.until_needed(ending):
        # loaded by name and only now: no process carries the libraries of these protocols that does not need them
        import_module("onecity.kernel.telemetry.fieldbus.process").run()


def run_notifier() -> None:
    """Notifications of subscriptions to the twin."""
    # like above: what sends notifications is not carried by the others
    import_module("onecity.kernel.twin.ngsild.subscriptions.notifier").run()


def run_sim() -> None:
    """The simulated district."""
    domains.load()
    demonstration.connect()
    runner.run(settings.ONECITY_HOME)


RUN: dict[str, Callable[[], None]] = {
    "gateway": run_gateway,
    "pipeline": run_pipeline,
    "worker": run_worker,
    "tiers": run_tiers,
    "fieldbus": run_fieldbus,
    "notifier": run_notifier,
    "sim": run_sim,
}
