"""Tables of rights and proof: what every account may do where, and the chained trail of what was done."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from onecity.kernel.core.ids import new_id


class Grant(models.Model):
    """One permission that one account holds over one division path, for a time.

    Derived by database triggers from accounts, roles and role assignments, in the same transaction as the change, so
    that it can neither lag nor be forgotten by a bulk update. Nothing else writes here. `permission` is `*` and `path`
    empty for a superuser. The validity stands in the row: a grant ends by the clock, not by a job that has to run.
    """

    derived = True

    account_id = models.UUIDField()
    permission = models.TextField(db_collation="C")
    path = models.TextField(db_collation="C")
    role_id = models.UUIDField(null=True)
    valid_from = models.DateTimeField()
    valid_to = models.DateTimeField(null=True)

    class Meta:
        db_table = "access_grant"
        indexes = [
            models.Index(fields=["account_id", "permission"], name="access_grant_by_account"),
            models.Index(fields=["permission", "path"], name="access_grant_by_permission"),
        ]

    def __str__(self) -> str:
        return f"{self.account_id} {self.permission} {self.path or '*'}"


class AuditEvent(models.Model):
    """One thing that was done, by whom, to what, for which purpose, chained to the event before it.

    `detail` is canonical JSON text, because its bytes are hashed. `chain` and `seq` give the event its place.
    """

    append_only = True

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    chain = models.PositiveSmallIntegerField()
    seq = models.BigIntegerField()
    at = models.DateTimeField()
    actor_id = models.UUIDField(null=True)
    action = models.TextField()
    object_type = models.TextField(blank=True)
    object_id = models.TextField(blank=True)
    division_path = models.TextField(blank=True, db_collation="C")
    purpose = models.TextField(blank=True)
    detail = models.TextField(default="{}")
    algorithm = models.CharField(max_length=20)
    prev_hash = models.CharField(max_length=64, blank=True)
    hash = models.CharField(max_length=64)

    class Meta:
        verbose_name = _("Audit event")
        verbose_name_plural = _("Audit events")
        constraints = [models.UniqueConstraint(fields=["chain", "seq"], name="audit_event_place_once")]
        indexes = [
            models.Index(fields=["-at", "-id"], name="audit_event_newest"),
            models.Index(fields=["actor_id", "-at"], name="audit_event_by_actor"),
            models.Index(fields=["object_type", "object_id", "-at"], name="audit_event_by_object"),
        ]

    def __str__(self) -> str:
        return f"{self.chain}/{self.seq} {self.action}"


class AuditHead(models.Model):
    """The last event of each chain, moved only by the trigger that checks every new event against it."""

    derived = True

    chain = models.PositiveSmallIntegerField(primary_key=True)
    seq = models.BigIntegerField()
    hash = models.CharField(max_length=64)

    class Meta:
        verbose_name = _("Head of an audit chain")
        verbose_name_plural = _("Heads of the audit chains")

    def __str__(self) -> str:
        return f"{self.chain}: {self.seq}"


class Throttle(models.Model):
    """How often somebody tried something since a moment; see `throttle`. The database's wall leaves these rows open: they
    hold an address and a number, and are counted before anybody has signed in."""

    key = models.CharField(max_length=200, primary_key=True, db_collation="C")
    since = models.DateTimeField()
    used = models.IntegerField()

    class Meta:
        db_table = "access_throttle"

    def __str__(self) -> str:
        return f"{self.key} {self.used}"
