"""Which system an account reached from which sign-in, so that signing out here ends it there as well."""

from django.contrib.postgres.fields import ArrayField
from django.db import models

from onecity.kernel.core.clock import now
from onecity.kernel.core.ids import new_id
from onecity.kernel.people.models.account import Account


class ClientSession(models.Model):
    """One sign-in of ours as another system knows it; its id is the `sid` of the ID token and of the log-out token."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    client_id = models.CharField(max_length=100)
    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="client_sessions")
    session = models.CharField(max_length=64, db_collation="C")  # a digest of the session's key
    authenticated_at = models.DateTimeField()
    methods = ArrayField(models.CharField(max_length=16), default=list)
    opened_at = models.DateTimeField(default=now)
    ended_at = models.DateTimeField(null=True, blank=True)
    told_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["session", "client_id", "account"],
                name="client_session_once",
                condition=models.Q(ended_at=None),
            )
        ]
        indexes = [models.Index(fields=["account", "client_id"], name="client_session_by_account")]

    def __str__(self) -> str:
        return f"{self.account} @ {self.client_id}"
