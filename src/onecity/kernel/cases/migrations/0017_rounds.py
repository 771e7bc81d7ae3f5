"""Rounds of inspection, for those who dispatch there."""

from django.db import migrations, models

import onecity.kernel.core.clock
import onecity.kernel.core.ids
from onecity.kernel.access.rls import RowSecurity


class Migration(migrations.Migration):
    dependencies = [("cases", "0016_callers")]

    operations = [
        migrations.CreateModel(
            name="Rounds",
            fields=[
                ("id", models.UUIDField(default=onecity.kernel.core.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ("division_path", models.TextField(db_collation="C", verbose_name="Division")),
                ("state", models.CharField(choices=[("waiting", "Being planned"), ("ready", "Planned")], default="waiting", max_length=8)),
                ("start", models.DateTimeField()),
                ("minutes", models.PositiveIntegerField()),
                ("crews", models.JSONField(default=list)),
                ("stops", models.JSONField(default=list)),
                ("result", models.JSONField(default=dict)),
                ("asked_by_id", models.UUIDField()),
                ("asked_by", models.CharField(max_length=200)),
                ("asked_at", models.DateTimeField(default=onecity.kernel.core.clock.now)),
                ("ready_at", models.DateTimeField(blank=True, null=True)),
            ],
            options={
                "verbose_name": "Rounds of inspection",
                "verbose_name_plural": "Rounds of inspection",
                "ordering": ["-asked_at", "-id"],
                "indexes": [
                    models.Index(fields=["division_path", "-asked_at"], name="case_rounds_place"),
                    models.Index(condition=models.Q(("state", "waiting")), fields=["asked_at"], name="case_rounds_waiting"),
                ],
            },
        ),
        RowSecurity("Rounds", permission="cases.dispatch"),
    ]
