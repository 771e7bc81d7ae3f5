"""The door for readings over HTTP: a lean ASGI application beside Django, since every microsecond counts here."""

from onecity.kernel.telemetry.ingest.application import INGEST_PATHS, Ingest, app

__all__ = ["INGEST_PATHS", "Ingest", "app"]
