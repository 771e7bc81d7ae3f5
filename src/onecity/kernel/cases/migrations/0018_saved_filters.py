"""Filters that people keep for themselves, each behind the wall of its account."""

from django.db import migrations, models

import onecity.kernel.core.clock
import onecity.kernel.core.ids
from onecity.kernel.access.rls import RowSecurityThrough
from onecity.kernel.access.session import CURRENT_ACCOUNT


class Migration(migrations.Migration):
    dependencies = [("cases", "0018_merges")]

    operations = [
        migrations.CreateModel(
            name="SavedFilter",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=onecity.kernel.core.ids.new_id, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("account_id", models.UUIDField()),
                ("name", models.CharField(max_length=40, verbose_name="Name")),
                ("query", models.CharField(max_length=1000)),
                ("created_at", models.DateTimeField(default=onecity.kernel.core.clock.now, editable=False)),
            ],
            options={
                "verbose_name": "Saved filter",
                "verbose_name_plural": "Saved filters",
                "ordering": ["name"],
                "constraints": [models.UniqueConstraint(fields=("account_id", "name"), name="case_filter_name_once")],
            },
        ),
        RowSecurityThrough("cases_savedfilter", f"account_id = {CURRENT_ACCOUNT}"),
    ]
