"""The application: what a case of a service item is about, as it was sent, with who supplied each material."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from onecity.kernel.core.clock import now
from onecity.kernel.core.ids import new_id


class Outcome(models.TextChoices):
    """How it ended, if it has."""

    OPEN = "", _("Not decided yet")
    ISSUED = "issued", _("Granted")
    REFUSED = "refused", _("Refused")
    WITHDRAWN = "withdrawn", _("Withdrawn")


class Application(models.Model):
    """One application. Its course is the case's; this holds what was sent and never changes, and how it ended.

    `source_key` names the one act of sending: the same twice is the same application. `facts`: everything that the decision
    may look at, by name; `materials`: who supplied each (see logic.resolving.Resolved). `item_number`, `table_number`: the
    versions under which it runs to its end. `waiting`: the table decides, and has not yet; `person`: why a person decides
    although a table could (a correction, a sample, nothing fits).
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    case_id = models.UUIDField(unique=True)
    parent_id = models.UUIDField(null=True, blank=True)
    source_key = models.CharField(max_length=120, unique=True, db_collation="C")
    item_code = models.CharField(max_length=48, db_collation="C")
    item_number = models.PositiveIntegerField()
    table_name = models.CharField(max_length=48, blank=True)
    table_number = models.PositiveIntegerField(default=0)
    account_id = models.UUIDField()
    principal_id = models.UUIDField()
    division_path = models.TextField(db_collation="C")
    channel = models.CharField(max_length=12, default="web")
    situation = models.CharField(max_length=48, blank=True)
    answers = models.JSONField(default=dict, blank=True)
    facts = models.JSONField(default=dict, blank=True)
    materials = models.JSONField(default=list, blank=True)
    disputed = models.JSONField(default=dict, blank=True)
    waiting = models.BooleanField(default=False)
    person = models.CharField(max_length=20, blank=True)
    submitted_at = models.DateTimeField(default=now)
    decided_at = models.DateTimeField(null=True, blank=True)
    outcome = models.CharField(max_length=10, choices=Outcome.choices, blank=True)
    certificate_id = models.UUIDField(null=True, blank=True)

    class Meta:
        verbose_name = _("Application")
        verbose_name_plural = _("Applications")
        indexes = [
            models.Index(fields=["account_id", "-submitted_at"], name="applying_application_mine"),
            models.Index(fields=["principal_id", "-submitted_at"], name="applying_application_party"),
            models.Index(fields=["submitted_at"], name="applying_waiting", condition=models.Q(waiting=True)),
            models.Index(fields=["item_code", "-submitted_at"], name="applying_application_item"),
            models.Index(fields=["parent_id"], name="applying_parts", condition=models.Q(parent_id__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"{self.item_code} {self.outcome}"
