"""The machines in the halls: where each stands, what it offers, and what its program last said of it."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from onecity.kernel.core.clock import now
from onecity.kernel.core.ids import new_id


class Terminal(models.Model):
    """One machine; `secret_hash` is the digest of what its program and its browser prove themselves with."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    name = models.CharField(_("Name"), max_length=80)
    place = models.CharField(_("Place of the terminal"), max_length=200)
    division_path = models.TextField(_("Division"), db_collation="C")
    secret_hash = models.CharField(max_length=64, unique=True)
    items = ArrayField(models.CharField(max_length=48), default=list, blank=True)
    active = models.BooleanField(default=True)
    made_at = models.DateTimeField(default=now)

    class Meta:
        verbose_name = _("Self-service terminal")
        verbose_name_plural = _("Self-service terminals")
        ordering = ["division_path", "name"]

    def __str__(self) -> str:
        return self.name


class TerminalState(models.Model):
    """What the program on a machine last said: version, reader, printer, paper; written by the machine alone."""

    terminal = models.OneToOneField(Terminal, primary_key=True, on_delete=models.CASCADE, related_name="state")
    seen_at = models.DateTimeField(default=now)
    version = models.CharField(max_length=40, blank=True)
    reader = models.CharField(max_length=20, default="unknown")
    printer = models.CharField(max_length=20, default="unknown")
    paper_percent = models.PositiveSmallIntegerField(null=True, blank=True)

    def __str__(self) -> str:
        return f"{self.terminal_id} {self.seen_at}"


class CardReading(models.Model):
    """A card that lies on the reader now, sealed; taken once by the machine's browser, gone after a minute."""

    terminal = models.OneToOneField(Terminal, primary_key=True, on_delete=models.CASCADE, related_name="reading")
    sealed = models.BinaryField()
    read_at = models.DateTimeField(default=now)

    def __str__(self) -> str:
        return f"{self.terminal_id} {self.read_at}"
