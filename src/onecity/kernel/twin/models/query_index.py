"""Attributes that queries ask for, and which of them have an index."""

from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _


class QueryIndex(models.Model):
    """An attribute, by its stored name, by whose value queries look for entities, and the index that serves them.

    `slow`: how many queries took long since it was last decided about; `used_at`: the last query with such a condition.
    Written by `twin_index_asked` for those who query, by the worker that makes and drops indexes otherwise.
    """

    derived = True

    attribute = models.TextField(primary_key=True, db_collation="C")
    state = models.CharField(max_length=10, default="asked", db_default="asked")  # asked, ready, failed
    slow = models.BigIntegerField(default=0, db_default=0)
    used_at = models.DateTimeField(db_default=Now())
    made_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("Index for queries")
        verbose_name_plural = _("Indexes for queries")
        indexes = [models.Index(fields=["state", "used_at"], name="query_index_by_use")]

    def __str__(self) -> str:
        return self.attribute
