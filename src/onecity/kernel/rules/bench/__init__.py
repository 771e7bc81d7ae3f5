"""`onecity bench rules`: a thousand rules over a hundred thousand entities at one reading each, alone and with the database."""

from onecity.kernel.rules.bench.measure import run

__all__ = ["run"]
