"""Gateways: codecs and their versions, devices' addresses in other networks, sources in the field, uploaded tables."""

import django.core.validators
import django.db.models.deletion
import onecity.kernel.core.clock
import onecity.kernel.core.ids
from django.db import migrations, models

from onecity.kernel.access.rls import RowSecurity, RowSecurityThrough


VIEW, MANAGE = "telemetry.view", "telemetry.manage"
THEIR_SOURCE = "EXISTS (SELECT 1 FROM telemetry_fieldsource s WHERE s.id = source_id)"


class Migration(migrations.Migration):
    """Creates the tables of codecs, addresses, sources and uploads, each behind its wall."""

    dependencies = [
        ("telemetry", "0004_upkeep"),
    ]

    operations = [
        migrations.CreateModel(
            name="FieldSource",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=onecity.kernel.core.ids.new_id, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("name", models.CharField(max_length=200, verbose_name="Name")),
                (
                    "protocol",
                    models.CharField(
                        choices=[
                            ("modbus", "Modbus TCP"),
                            ("opcua", "OPC UA"),
                            ("snmp", "SNMP"),
                            ("chirpstack", "LoRaWAN (ChirpStack)"),
                        ],
                        max_length=12,
                        verbose_name="Protocol",
                    ),
                ),
                ("settings", models.JSONField()),
                ("sealed", models.BinaryField(blank=True, default=b"")),
                (
                    "interval_s",
                    models.FloatField(
                        default=60.0,
                        validators=[
                            django.core.validators.MinValueValidator(0.1),
                            django.core.validators.MaxValueValidator(86400),
                        ],
                        verbose_name="Seconds between two questions",
                    ),
                ),
                ("device_id", models.UUIDField(verbose_name="Device")),
                ("division_path", models.CharField(db_collation="C", max_length=255, verbose_name="Division")),
                ("enabled", models.BooleanField(default=True, verbose_name="In operation")),
                ("created_at", models.DateTimeField(default=onecity.kernel.core.clock.now, editable=False)),
                ("changed_at", models.DateTimeField(default=onecity.kernel.core.clock.now, editable=False)),
            ],
            options={
                "verbose_name": "Source",
                "verbose_name_plural": "Sources",
            },
        ),
        migrations.CreateModel(
            name="UploadMapping",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=onecity.kernel.core.ids.new_id, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("division_path", models.CharField(db_collation="C", max_length=255, verbose_name="Division")),
                ("signature", models.CharField(db_collation="C", max_length=64)),
                ("columns", models.JSONField(default=list)),
                ("mapping", models.JSONField()),
                ("changed_by", models.UUIDField(editable=False, null=True)),
                ("changed_at", models.DateTimeField(default=onecity.kernel.core.clock.now, editable=False)),
            ],
            options={
                "verbose_name": "Meaning of uploaded columns",
                "verbose_name_plural": "Meanings of uploaded columns",
            },
        ),
        migrations.AlterField(
            model_name="quarantine",
            name="reason",
            field=models.CharField(
                choices=[
                    ("malformed", "Not readable as a reading"),
                    ("not_utf8", "Not UTF-8 text"),
                    ("too_large", "Larger than a single reading may be"),
                    ("wrong_type", "A field has the wrong type"),
                    ("bad_time", "The time is missing or cannot be read"),
                    ("unknown_entity", "The entity is not registered"),
                    ("unknown_attribute", "The entity has no such attribute"),
                    ("ambiguous_entity", "Several entities have this key; use the full name"),
                    ("unit_mismatch", "The unit does not fit the attribute"),
                    ("not_yours", "The entity belongs to another device"),
                    ("unknown_device", "The device is not registered or was revoked"),
                    ("not_a_number", "The value is not a finite number"),
                    ("out_of_range", "The value is outside the possible range"),
                    ("future", "The time lies in the future"),
                    ("late", "Too far behind the newest reading"),
                    ("expired", "Older than readings are kept"),
                    ("duplicate", "There is already a reading for this time"),
                    ("flood", "Beyond what the device may send"),
                    ("codec", "The codec could not read the message"),
                ],
                max_length=20,
                verbose_name="Reason",
            ),
        ),
        migrations.CreateModel(
            name="CodecVersion",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=onecity.kernel.core.ids.new_id, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("name", models.CharField(db_collation="C", max_length=80, verbose_name="Name")),
                ("version", models.PositiveIntegerField(verbose_name="Version")),
                ("title", models.CharField(blank=True, max_length=200, verbose_name="Title")),
                ("definition", models.JSONField()),
                (
                    "status",
                    models.CharField(
                        choices=[("draft", "Draft"), ("published", "In use"), ("retired", "No longer in use")],
                        default="draft",
                        max_length=10,
                        verbose_name="Status",
                    ),
                ),
                ("division_path", models.CharField(db_collation="C", max_length=255, verbose_name="Division")),
                ("created_by", models.UUIDField(editable=False, null=True)),
                ("created_at", models.DateTimeField(default=onecity.kernel.core.clock.now, editable=False)),
                ("published_at", models.DateTimeField(blank=True, editable=False, null=True)),
            ],
            options={
                "verbose_name": "Codec",
                "verbose_name_plural": "Codecs",
                "constraints": [models.UniqueConstraint(fields=("name", "version"), name="codec_version_once")],
            },
        ),
        migrations.CreateModel(
            name="DeviceAddress",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=onecity.kernel.core.ids.new_id, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("network", models.CharField(db_collation="C", max_length=20, verbose_name="Network")),
                ("address", models.CharField(db_collation="C", max_length=120, verbose_name="Address")),
                ("device_id", models.UUIDField(db_index=True, verbose_name="Device")),
                ("codec", models.CharField(blank=True, db_collation="C", max_length=80, verbose_name="Codec")),
                ("codec_version", models.PositiveIntegerField(blank=True, null=True)),
                ("entity", models.CharField(db_collation="C", max_length=255, verbose_name="Entity")),
                ("attributes", models.JSONField(blank=True, default=dict)),
                ("division_path", models.CharField(db_collation="C", max_length=255, verbose_name="Division")),
                (
                    "last_seen_at",
                    models.DateTimeField(blank=True, editable=False, null=True, verbose_name="Last heard"),
                ),
                ("signal", models.JSONField(default=dict, editable=False)),
                ("changed_at", models.DateTimeField(default=onecity.kernel.core.clock.now, editable=False)),
            ],
            options={
                "verbose_name": "Address of a device",
                "verbose_name_plural": "Addresses of devices",
                "indexes": [models.Index(fields=["changed_at"], name="device_address_by_change")],
                "constraints": [models.UniqueConstraint(fields=("network", "address"), name="device_address_once")],
            },
        ),
        migrations.CreateModel(
            name="SourceState",
            fields=[
                (
                    "source",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="state",
                        serialize=False,
                        to="telemetry.fieldsource",
                    ),
                ),
                ("at", models.DateTimeField()),
                ("last_success_at", models.DateTimeField(null=True)),
                ("failing_since", models.DateTimeField(null=True)),
                ("error", models.CharField(blank=True, max_length=40)),
                ("detail", models.CharField(blank=True, max_length=500)),
                ("failures", models.PositiveIntegerField(default=0)),
                ("readings", models.BigIntegerField(default=0)),
                ("position", models.JSONField(default=dict)),
            ],
            options={
                "verbose_name": "State of a source",
                "verbose_name_plural": "States of sources",
            },
        ),
        migrations.AddConstraint(
            model_name="fieldsource",
            constraint=models.CheckConstraint(
                condition=models.Q(("interval_s__gt", 0)), name="source_interval_positive"
            ),
        ),
        migrations.AddConstraint(
            model_name="uploadmapping",
            constraint=models.UniqueConstraint(fields=("division_path", "signature"), name="upload_mapping_once"),
        ),
        RowSecurity("CodecVersion", permission=VIEW, write_permission=MANAGE, public_when="true"),
        RowSecurity("DeviceAddress", permission=VIEW, write_permission=MANAGE),
        RowSecurity("FieldSource", permission=VIEW, write_permission=MANAGE),
        RowSecurity("UploadMapping", permission=VIEW, write_permission=MANAGE),
        RowSecurityThrough("telemetry_sourcestate", THEIR_SOURCE, commands=("select",)),
    ]
