"""Observations of SensorThings that are more than a number at a time: other results, a feature of their own, a correction."""

from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _


class Observation(models.Model):
    """What SensorThings keeps of one observation beside its reading; the key is that of the reading.

    `document`: `result` and what else was sent (`phenomenonTime` where it is an interval, `resultTime`, `resultQuality`,
    `validTime`, `parameters`); null: the observation was taken back and is not shown. `alone`: there is no reading of the
    same series and time in the store of readings. `feature_id`: what it is about, where that is not where its thing stood.
    Seen by whoever sees the series, written by whoever may change its thing.
    """

    pk = models.CompositePrimaryKey("series_id", "observed_at")
    series_id = models.IntegerField()
    observed_at = models.DateTimeField()
    feature_id = models.UUIDField(null=True)
    alone = models.BooleanField()
    document: "models.JSONField[dict[str, Any] | None, dict[str, Any] | None]" = models.JSONField(null=True)

    class Meta:
        verbose_name = _("Observation")
        verbose_name_plural = _("Observations")
        indexes = [
            models.Index(fields=["feature_id", "series_id"], name="observation_of_feature"),
            models.Index(fields=["observed_at"], name="observation_by_time"),
        ]

    def __str__(self) -> str:
        return f"{self.series_id} {self.observed_at:%Y-%m-%d %H:%M:%S}Z"
