"""The draft of an application: saved at each step, so that nothing is asked twice and nothing is lost."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from onecity.kernel.core.clock import now
from onecity.kernel.core.ids import new_id


class DraftState(models.TextChoices):
    """Whether it is still being written."""

    OPEN = "open", _("Being filled in")
    SENT = "sent", _("Sent")
    DROPPED = "dropped", _("Dropped")


class Draft(models.Model):
    """What somebody has said so far. `principal_id`: the party for whom he applies (himself, a company, a child).

    `fetched`: what registers answered, by register; `consents`: registers whose sensitive fields he agreed to; `disputed`:
    material → what he says instead; `commitments`: materials he promised; `uploads`: material → files. `item_number` is the
    version that he reads; `bundle`: it is one thing of several items, of which `parts` are the optional ones that he wants.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    account_id = models.UUIDField()
    principal_id = models.UUIDField()
    item_code = models.CharField(max_length=48, db_collation="C")
    item_number = models.PositiveIntegerField()
    bundle = models.BooleanField(default=False)
    channel = models.CharField(max_length=12, default="web")
    situation = models.CharField(max_length=48, blank=True)
    parts = models.JSONField(null=True, blank=True)
    answers = models.JSONField(default=dict, blank=True)
    fetched = models.JSONField(default=dict, blank=True)
    consents = models.JSONField(default=list, blank=True)
    disputed = models.JSONField(default=dict, blank=True)
    commitments = models.JSONField(default=list, blank=True)
    uploads = models.JSONField(default=dict, blank=True)
    done = models.JSONField(default=list, blank=True)
    state = models.CharField(max_length=8, choices=DraftState.choices, default=DraftState.OPEN)
    created_at = models.DateTimeField(default=now, editable=False)
    changed_at = models.DateTimeField(default=now)

    class Meta:
        verbose_name = _("Draft of an application")
        verbose_name_plural = _("Drafts of applications")
        indexes = [models.Index(fields=["account_id", "state", "-changed_at"], name="applying_draft_mine")]
        constraints = [
            # starting twice goes on with the same one
            models.UniqueConstraint(
                fields=["account_id", "principal_id", "item_code", "bundle"],
                condition=models.Q(state="open"),
                name="applying_draft_one_open",
            )
        ]

    def __str__(self) -> str:
        return f"{self.item_code} {self.state}"
