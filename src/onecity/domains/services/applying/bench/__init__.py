"""`onecity bench decisions`: applications decided by table in a second, with record, trail and signed certificate."""

from onecity.domains.services.applying.bench.measure import run

__all__ = ["run"]
