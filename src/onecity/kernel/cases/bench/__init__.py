"""`onecity bench cases`: how long every list takes for every role, with row-level security on, among a million cases."""

from onecity.kernel.cases.bench.measure import run

__all__ = ["run"]
