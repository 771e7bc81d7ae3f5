"""From the log to the store: one process, one transaction a batch, exactly once in effect."""

from onecity.kernel.telemetry.batch import Stage, StoredBatch
from onecity.kernel.telemetry.pipeline.process import Pipeline, run

__all__ = ["Pipeline", "Stage", "StoredBatch", "run"]
