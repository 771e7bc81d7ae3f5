"""Targets of coverage count from a day on."""

import onecity.domains.devices.models.coverage
from django.db import migrations, models


class Migration(migrations.Migration):
    """One target for each division, kind and day."""
    dependencies = [
        ("devices", "0006_health_walls"),
    ]

    operations = [
        migrations.AlterModelOptions(
            name="coveragetarget",
            options={
                "ordering": ("division_path", "entity_type", "valid_from"),
                "verbose_name": "Target of coverage",
                "verbose_name_plural": "Targets of coverage",
            },
        ),
        migrations.RemoveConstraint(
            model_name="coveragetarget",
            name="coverage_target_once",
        ),
        migrations.AddField(
            model_name="coveragetarget",
            name="valid_from",
            field=models.DateField(default=onecity.domains.devices.models.coverage.today, verbose_name="In force from"),
        ),
        migrations.AddConstraint(
            model_name="coveragetarget",
            constraint=models.UniqueConstraint(
                fields=("division_path", "entity_type", "valid_from"), name="coverage_target_once"
            ),
        ),
    ]
