"""Units of the field: seen where cases are seen, entered and sent by those who dispatch there, reported by their own phone."""

import django.contrib.postgres.fields
import django.db.models.deletion
from django.db import migrations, models

import onecity.kernel.core.ids
from onecity.kernel.access.rls import RowSecurity, scope_predicate
from onecity.kernel.access.session import CURRENT_ACCOUNT

OWN = f"account_id = {CURRENT_ACCOUNT}"
SEES, SENDS = scope_predicate("cases.view"), scope_predicate("cases.dispatch")


class Migration(migrations.Migration):
    dependencies = [("cases", "0010_score_drill")]

    operations = [
        migrations.CreateModel(
            name="Unit",
            fields=[
                ("id", models.UUIDField(default=onecity.kernel.core.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ("name", models.CharField(max_length=80, verbose_name="Name")),
                ("account_id", models.UUIDField(unique=True)),
                ("organisation_id", models.UUIDField(blank=True, null=True)),
                ("division_path", models.TextField(db_collation="C", verbose_name="Division")),
                ("skills", django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=40), blank=True, default=list, size=None)),
                ("station_lon", models.FloatField(blank=True, null=True)),
                ("station_lat", models.FloatField(blank=True, null=True)),
                ("shift_start", models.DateTimeField(blank=True, null=True)),
                ("shift_end", models.DateTimeField(blank=True, null=True)),
                ("state", models.CharField(choices=[("free", "Free"), ("assigned", "Sent for"), ("on_the_way", "On the way"), ("on_the_spot", "On the spot"), ("off", "Off duty")], default="free", max_length=16, verbose_name="State")),
                ("sent_at", models.DateTimeField(blank=True, null=True)),
                ("arrives_at", models.DateTimeField(blank=True, null=True)),
                ("lon", models.FloatField(blank=True, null=True)),
                ("lat", models.FloatField(blank=True, null=True)),
                ("accuracy_m", models.FloatField(blank=True, null=True)),
                ("reported_at", models.DateTimeField(blank=True, null=True)),
                ("simulated", models.BooleanField(default=False)),
                ("case", models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name="units", to="cases.case")),
            ],
            options={
                "verbose_name": "Field unit",
                "verbose_name_plural": "Field units",
                "ordering": ["name", "id"],
                "indexes": [models.Index(fields=["division_path", "name"], name="case_unit_place")],
                "constraints": [
                    models.CheckConstraint(condition=models.Q(("lat__isnull", True), ("lon__isnull", True)) | models.Q(("lat__isnull", False), ("lon__isnull", False)), name="case_unit_point_whole"),
                    models.CheckConstraint(condition=models.Q(("case__isnull", False)) | models.Q(("state__in", ["free", "off"])), name="case_unit_has_its_case"),
                ],
            },
        ),
        RowSecurity("Unit", permission="cases.view", write_permission="cases.dispatch"),
        migrations.RunSQL(
            f"""
            ALTER POLICY onecity_select ON cases_unit USING (({SEES}) OR {OWN});
            ALTER POLICY onecity_update ON cases_unit USING (({SENDS}) OR {OWN}) WITH CHECK (({SENDS}) OR {OWN});
            """,
            f"""
            ALTER POLICY onecity_select ON cases_unit USING ({SEES});
            ALTER POLICY onecity_update ON cases_unit USING ({SENDS}) WITH CHECK ({SENDS});
            """,
        ),
    ]
