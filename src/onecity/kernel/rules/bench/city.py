"""`onecity bench city`: a city of connected series at one value a minute, with rules and subscriptions at work, for minutes.

Measured on the whole platform: how far the pipeline lags, what of one core it needs, and what entities and series weigh.
"""

import json
import tempfile
import time
from pathlib import Path

from onecity.kernel.twin.bench.run import Database, measured, platform

TARGETS = {"city_lag_p99_s": 1.0, "pipeline_core_share": 0.6}


def run(*, quick: bool = False, database: Database) -> dict[str, object]:
    """Start the platform in a folder of its own and measure; raises RuntimeError where it does not start or keep up."""
    with tempfile.TemporaryDirectory(prefix="onecity-bench-") as folder, platform(Path(folder)) as env:
        size = "quick" if quick else "full"
        arguments = (size, env["PORT"], json.dumps(database(env)))
        figures = measured(env, "onecity.kernel.rules.bench.city_load", *arguments)
    return figures | {"targets": TARGETS, "measured": time.strftime("%Y-%m-%d")}
