"""The pipeline's chores, in a thread of their own so that no reading waits for them: shorten the logs, index new blocks."""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta

from django.db import DatabaseError, InterfaceError, connection

from onecity.kernel.core.clock import now
from onecity.kernel.telemetry import store
from onecity.kernel.telemetry.link import Link, LinkError
from onecity.kernel.telemetry.pipeline.source import LOG, MQTT, purge

PURGE_S = 2.0
INDEX_S = 30.0
STREAMS = {LOG.name: LOG, MQTT.name: MQTT}

log = logging.getLogger(__name__)


@dataclass
class Janitor:
    """Does the chores until stopped; `committed` tells how far each log that is read now is stored."""

    connect: Callable[[], Link]
    committed: Callable[[], dict[str, int]]
    _purged: dict[str, int] = field(default_factory=dict)
    _ending: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin."""
        self._thread = threading.Thread(target=self._run, name="telemetry-janitor", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End after the chore in hand."""
        self._ending.set()
        if self._thread is not None:
            self._thread.join(30)

    def _run(self) -> None:
        indexed = 0.0
        while not self._ending.wait(PURGE_S / 2):
            self._purge()
            if time.monotonic() - indexed > INDEX_S:
                indexed = time.monotonic()
                self._index()
        connection.close()

    def _index(self) -> None:
        try:
            store.summarise()
            today = now().date()
            store.Partitions().ensure({today, today + timedelta(days=1)})
        except (DatabaseError, InterfaceError) as error:
            # what is not done now is done the next time
            log.info("the store's chores are done later: %s", str(error).strip())
            connection.close()

    def _purge(self) -> None:
        """Let the broker forget what is committed; a failure only leaves that for later."""
        due = {source: at for source, at in self.committed().items() if self._purged.get(source) != at}
        if not due:
            return
        link = self.connect()
        try:
            link.open()
            for source, sequence in due.items():
                purge(link, STREAMS[source.partition("@")[0]], sequence)
                self._purged[source] = sequence
        except LinkError as error:
            log.info("the log is shortened later: %s", error)
        finally:
            link.close()
