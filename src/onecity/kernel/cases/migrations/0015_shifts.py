"""The duty roster, seen where cases are seen and written by those who dispatch; hand-overs, seen by those concerned."""

import django.contrib.postgres.fields
import django.db.models.deletion
from django.db import migrations, models

import onecity.kernel.core.clock
import onecity.kernel.core.ids
from onecity.kernel.access.rls import RowSecurity, RowSecurityThrough, scope_predicate
from onecity.kernel.access.session import CURRENT_ACCOUNT

CONCERNS = f"{CURRENT_ACCOUNT} IN (giver_id, taker_id, by_id) OR ({scope_predicate('cases.dispatch')})"


class Migration(migrations.Migration):
    dependencies = [("cases", "0014_texts")]

    operations = [
        migrations.CreateModel(
            name="Duty",
            fields=[
                ("id", models.UUIDField(default=onecity.kernel.core.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ("account_id", models.UUIDField()),
                ("organisation_id", models.UUIDField(blank=True, null=True)),
                ("division_path", models.TextField(db_collation="C", verbose_name="Division")),
                ("skills", django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=40), blank=True, default=list, size=None)),
                ("start", models.DateTimeField()),
                ("end", models.DateTimeField()),
                ("created_by_id", models.UUIDField(blank=True, null=True)),
            ],
            options={
                "verbose_name": "Turn of duty",
                "verbose_name_plural": "Turns of duty",
                "ordering": ["start", "id"],
                "indexes": [models.Index(fields=["division_path", "end"], name="case_duty_place"), models.Index(fields=["account_id", "end"], name="case_duty_account")],
                "constraints": [
                    models.CheckConstraint(condition=models.Q(("end__gt", models.F("start"))), name="case_duty_ends_after"),
                    models.UniqueConstraint(fields=("account_id", "division_path", "start"), name="case_duty_once"),
                ],
            },
        ),
        migrations.CreateModel(
            name="HandOver",
            fields=[
                ("id", models.UUIDField(default=onecity.kernel.core.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ("division_path", models.TextField(blank=True, db_collation="C")),
                ("giver_id", models.UUIDField()),
                ("giver_name", models.CharField(max_length=200)),
                ("taker_id", models.UUIDField()),
                ("taker_name", models.CharField(max_length=200)),
                ("by_id", models.UUIDField()),
                ("by_name", models.CharField(max_length=200)),
                ("at", models.DateTimeField(default=onecity.kernel.core.clock.now)),
                ("note", models.TextField()),
                ("undone_at", models.DateTimeField(blank=True, null=True)),
                ("undone_by", models.CharField(blank=True, max_length=200)),
            ],
            options={
                "verbose_name": "Hand-over of a shift",
                "verbose_name_plural": "Hand-overs of shifts",
                "ordering": ["-at", "-id"],
                "indexes": [models.Index(fields=["giver_id", "-at"], name="case_handover_giver"), models.Index(fields=["taker_id", "-at"], name="case_handover_taker")],
            },
        ),
        migrations.CreateModel(
            name="HandedCase",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("version", models.PositiveIntegerField(default=0)),
                ("why", models.TextField(blank=True)),
                ("returned", models.BooleanField(default=False)),
                ("kept", models.TextField(blank=True)),
                ("case", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to="cases.case")),
                ("hand_over", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="cases", to="cases.handover")),
            ],
            options={
                "verbose_name": "Case handed over",
                "verbose_name_plural": "Cases handed over",
                "ordering": ["id"],
                "constraints": [models.UniqueConstraint(fields=("hand_over", "case"), name="case_handed_once")],
            },
        ),
        RowSecurity("Duty", permission="cases.view", write_permission="cases.dispatch"),
        RowSecurityThrough("cases_handover", CONCERNS, commands=("select", "insert", "update")),
        RowSecurityThrough(
            "cases_handedcase",
            "EXISTS (SELECT 1 FROM cases_handover h WHERE h.id = hand_over_id)",
            commands=("select", "insert", "update"),
        ),
    ]
