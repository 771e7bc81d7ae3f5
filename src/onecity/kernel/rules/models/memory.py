"""What the engine remembers, written with every batch in the pipeline's transaction, and the baselines it learnt."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from onecity.kernel.core.clock import now


class MemoryRecord(models.Model):
    """Records of one kind (see `logic.journal.Memory`) as the bytes of a numpy array, in the order written.

    A `whole` record says everything; those before it are removed in the same transaction.
    """

    class Kind(models.TextChoices):
        """Which array it is."""

        RUNS = "runs", _("Open runs")
        TAILS = "tails", _("Readings in windows")
        LIVE = "live", _("Series that come in time")

    kind = models.CharField(max_length=5, choices=Kind.choices)
    whole = models.BooleanField(default=False)
    records = models.PositiveIntegerField()
    payload = models.BinaryField()
    written_at = models.DateTimeField(default=now)

    class Meta:
        verbose_name = _("Memory of the engine")
        verbose_name_plural = _("Memory of the engine")
        indexes = [models.Index(fields=["kind", "id"], name="rules_memory_order")]

    def __str__(self) -> str:
        return f"{self.kind} {self.records}"


class Baselines(models.Model):
    """What every hour of the week usually brings, for the series of one attribute, in parts; learnt anew once a day."""

    pk = models.CompositePrimaryKey("entity_type", "attribute", "history", "part")
    entity_type = models.CharField(max_length=63)
    attribute = models.CharField(max_length=63)
    history = models.DurationField()
    part = models.PositiveIntegerField(default=0)
    series = models.BinaryField()
    centre = models.BinaryField()
    spread = models.BinaryField()
    count = models.BinaryField()
    learnt_at = models.DateTimeField()

    class Meta:
        verbose_name = _("Baseline")
        verbose_name_plural = _("Baselines")

    def __str__(self) -> str:
        return f"{self.entity_type}.{self.attribute} {self.history}"
