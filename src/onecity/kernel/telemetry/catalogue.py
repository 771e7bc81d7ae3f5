"""Keeps all series and devices in memory and up to date: read once, then told by the database of every change."""

import datetime as dt
import io
import logging
import threading
import time
from typing import Any

import polars as pl
import psycopg
from django.db import connection

from onecity.kernel.telemetry.logic.catalogue import SERIES_SCHEMA, Catalogue, KnownDevice, build

CHANNEL = "telemetry_catalogue"
# how long a transaction that changes series may run and still be noticed by its rows' time stamps
OVERLAP = dt.timedelta(minutes=15)
POLL_S = 0.2
ASK_S = 1.0
RETRY_S = 1.0
EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)

log = logging.getLogger(__name__)


def database_parameters() -> dict[str, Any]:
    """How this process reaches its database, for a connection of its own beside Django's."""
    names = ("dbname", "user", "password", "host", "port", "sslmode", "sslrootcert", "sslcert", "sslkey", "options")
    parameters = connection.get_connection_params()
    return {name: parameters[name] for name in names if parameters.get(name)}


class Watcher:
    """Holds the newest catalogue; `start` loads it and follows changes in a thread until `stop`."""

    def __init__(self, parameters: dict[str, Any]) -> None:
        self._parameters = parameters
        self._frame = pl.DataFrame(schema=dict(SERIES_SCHEMA))
        self._devices: list[KnownDevice] = []
        self._seen = EPOCH
        self._current = build(self._frame, [])
        self._lock = threading.Lock()
        self._loaded = threading.Event()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    @property
    def current(self) -> Catalogue:
        """The newest catalogue; an empty one until the first load."""
        return self._current

    @property
    def loaded(self) -> bool:
        """Whether the database has been read at least once."""
        return self._loaded.is_set()

    def start(self) -> None:
        """Follow the database in a thread of its own."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="telemetry-catalogue", daemon=True)
            self._thread.start()

    def wait(self, seconds: float) -> bool:
        """Wait for the first load; whether it came in time."""
        return self._loaded.wait(seconds)

    def stop(self) -> None:
        """End the thread."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(10)
            self._thread = None

    def refresh(self) -> None:
        """Read what changed now, for who cannot wait to be told. Raises psycopg.Error."""
        with psycopg.connect(**self._parameters, autocommit=True) as database:
            self.load(database)

    def load(self, database: psycopg.Connection[Any]) -> None:
        """Read what changed since the last load; everything where rows have vanished."""
        with self._lock:
            self._load(database)

    def _load(self, database: psycopg.Connection[Any]) -> None:
        since = self._seen
        now = database.execute("SELECT statement_timestamp()").fetchone()
        changed = _series(database, since)
        kept = self._frame.join(changed.select("id"), on="id", how="anti")
        frame = pl.concat([kept, changed]).sort("id")
        count = database.execute("SELECT telemetry_series_count()").fetchone()
        if count is not None and count[0] != len(frame):
            frame = _series(database, EPOCH)
        self._devices = _devices(database)
        self._frame = frame
        self._current = build(frame, self._devices)
        self._seen = now[0] - OVERLAP if now is not None else EPOCH
        self._loaded.set()

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                with psycopg.connect(**self._parameters, autocommit=True) as database:
                    database.execute(f"LISTEN {CHANNEL}")
                    self.load(database)
                    self._follow(database)
            except psycopg.Error as error:
                log.warning("the catalogue of series cannot be read, trying again: %s", error)
                self._stop.wait(RETRY_S)
            except Exception:  # a thread that ended unseen would leave revoked devices inside
                log.exception("the catalogue of series could not be built, trying again")
                self._stop.wait(RETRY_S)

    def _follow(self, database: psycopg.Connection[Any]) -> None:
        asked = time.monotonic()
        while not self._stop.is_set():
            told = [notice.payload for notice in database.notifies(timeout=POLL_S, stop_after=1)]
            told += [notice.payload for notice in database.notifies(timeout=0)]
            if told:
                self.load(database)
            elif time.monotonic() - asked > ASK_S:
                # a connection that died in silence is found out here
                database.execute("SELECT 1")
                asked = time.monotonic()


def _series(database: psycopg.Connection[Any], since: dt.datetime) -> pl.DataFrame:
    columns = ", ".join("active::text" if name == "active" else name for name in SERIES_SCHEMA)
    known = f"SELECT {columns} FROM telemetry_known_series('{since.isoformat()}')"  # noqa: S608 - our own names, a time
    buffer = io.BytesIO()
    with database.cursor().copy(f"COPY ({known}) TO STDOUT (FORMAT csv, HEADER)") as copy:
        for piece in copy:
            buffer.write(piece)
    return pl.read_csv(buffer.getvalue(), schema=dict(SERIES_SCHEMA))


def _devices(database: psycopg.Connection[Any]) -> list[KnownDevice]:
    rows = database.execute("SELECT * FROM telemetry_known_devices()").fetchall()
    return [
        KnownDevice(number, id_, bytes.fromhex(secret), active, rate, place, bytes.fromhex(earlier), until)
        for number, (id_, secret, active, rate, place, earlier, until) in enumerate(rows)
    ]
