"""`onecity bench twin`: how fast entities are written, read and found through NGSI-LD, over the real stack."""

from onecity.kernel.twin.bench.run import run

__all__ = ["run"]
