"""Files whose rows were erased and whose bytes still have to leave the disk; so that a crash in between leaves nothing behind."""

from django.db import models

from onecity.kernel.core.clock import now


class ErasedFile(models.Model):
    """A file to remove: its SHA-256, and whether it lies among the originals of photos."""

    digest = models.CharField(max_length=64)
    original = models.BooleanField(default=False)
    erased_at = models.DateTimeField(default=now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["digest", "original"], name="case_erased_file_once")]

    def __str__(self) -> str:
        return self.digest
