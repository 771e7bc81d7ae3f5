from django.db import migrations, models

from onecity.kernel.access.rls import RowSecurityThrough, scope_predicate

# both go through the series, on which the policies for reading apply
SEEN = "EXISTS (SELECT FROM telemetry_series s WHERE s.id = series_id)"
SCOPED = "'=' || s.division_path ^@ ANY (string_to_array(nullif(current_setting('onecity.entities_written', true), ''), E'\\n'))"
EDITS = scope_predicate("entities.edit").replace("division_path", "s.division_path", 1)
WRITTEN = f"EXISTS (SELECT FROM telemetry_series s WHERE s.id = series_id AND (({EDITS}) OR ({SCOPED})))"  # noqa: S608 - nothing in it comes from outside
# who sees the entities of a division beside his grants (a device its own) sees their series too
SEEN_BESIDE = SCOPED.replace("s.division_path", "division_path").replace("entities_written", "entities_seen")
WALLS = f"""
CREATE POLICY beside_select ON telemetry_series FOR SELECT TO onecity_app USING ({SEEN_BESIDE});
ALTER POLICY onecity_insert ON twin_observation WITH CHECK ({WRITTEN});
ALTER POLICY onecity_update ON twin_observation USING ({WRITTEN}) WITH CHECK ({WRITTEN});
ALTER POLICY onecity_delete ON twin_observation USING ({WRITTEN});
"""


class Migration(migrations.Migration):
    """Creates the observations that are more than a number at a time."""

    dependencies = [("twin", "0016_query_indexes"), ("telemetry", "0003_walls")]

    operations = [
        migrations.CreateModel(
            name="Observation",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "series_id", "observed_at", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("series_id", models.IntegerField()),
                ("observed_at", models.DateTimeField()),
                ("feature_id", models.UUIDField(null=True)),
                ("alone", models.BooleanField()),
                ("document", models.JSONField(null=True)),
            ],
            options={
                "verbose_name": "Observation",
                "verbose_name_plural": "Observations",
                "indexes": [
                    models.Index(fields=["feature_id", "series_id"], name="observation_of_feature"),
                    models.Index(fields=["observed_at"], name="observation_by_time"),
                ],
            },
        ),
        RowSecurityThrough("twin_observation", SEEN),
        migrations.RunSQL(WALLS, "DROP POLICY beside_select ON telemetry_series"),
    ]
