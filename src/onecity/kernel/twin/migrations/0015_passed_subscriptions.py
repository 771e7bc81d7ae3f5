from django.db import migrations, models
from django.db.models.functions import Now

import onecity.kernel.core.clock
import onecity.kernel.core.ids
from onecity.kernel.access.rls import RowSecurityThrough

# What a source tells comes in at the door of anybody who knows the key of a subscription that was passed on to it: it is
# kept for the process that notifies, once, and only so much of it.
HEARD = """
CREATE FUNCTION twin_hear(given_key text, given_digest text, given_link text, given_body text, most int) RETURNS text
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
DECLARE
    known uuid;
BEGIN
    SELECT p.id INTO known FROM public.twin_passedsubscription p WHERE p.key = given_key AND NOT p.gone;
    IF known IS NULL THEN
        RETURN 'unknown';
    END IF;
    IF (SELECT count(*) FROM (SELECT 1 FROM public.twin_heardnotification h WHERE h.passed_id = known LIMIT most) w) >= most
    THEN
        RETURN 'full';
    END IF;
    INSERT INTO public.twin_toldnotification (owner_id, digest) VALUES (known, given_digest) ON CONFLICT DO NOTHING;
    IF NOT FOUND THEN
        RETURN 'known';
    END IF;
    INSERT INTO public.twin_heardnotification (passed_id, link, body) VALUES (known, given_link, given_body);
    PERFORM pg_notify('twin_heard', '');
    RETURN 'taken';
END $$;
REVOKE ALL ON FUNCTION twin_hear FROM PUBLIC;
GRANT EXECUTE ON FUNCTION twin_hear TO onecity_app;
"""
THROUGH = "EXISTS (SELECT 1 FROM twin_subscription s WHERE s.id = subscription_id)"


class Migration(migrations.Migration):
    """Creates what is known of subscriptions at sources and of what sources tell."""

    dependencies = [
        ("twin", "0014_places"),
        ("twin", "0014_sensorthings"),
    ]

    operations = [
        migrations.AddField(
            model_name="subscription",
            name="via",
            field=models.TextField(blank=True, db_default="", default=""),
        ),
        migrations.CreateModel(
            name="PassedSubscription",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=onecity.kernel.core.ids.new_id, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("subscription_id", models.UUIDField()),
                ("tenant", models.TextField(blank=True, db_collation="C", db_default="", default="")),
                ("source", models.TextField(db_collation="C")),
                ("registration", models.JSONField()),
                ("via", models.TextField(blank=True, db_default="", default="")),
                ("context", models.JSONField(blank=True, null=True)),
                ("key", models.TextField(db_collation="C", unique=True)),
                ("remote", models.TextField(db_collation="C")),
                ("document", models.JSONField()),
                ("sent", models.JSONField(blank=True, null=True)),
                ("gone", models.BooleanField(db_default=False, default=False)),
                ("failures", models.IntegerField(db_default=0, default=0)),
                ("due_at", models.DateTimeField(blank=True, null=True)),
                ("failed_at", models.DateTimeField(blank=True, null=True)),
                ("error", models.TextField(blank=True, db_default="", default="")),
                (
                    "created_at",
                    models.DateTimeField(db_default=Now(), default=onecity.kernel.core.clock.now, editable=False),
                ),
            ],
            options={
                "verbose_name": "Subscription at a source",
                "verbose_name_plural": "Subscriptions at sources",
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("gone", False)), fields=("subscription_id", "source"), name="passed_once"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="HeardNotification",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("passed_id", models.UUIDField()),
                ("link", models.TextField(blank=True, db_default="", default="")),
                ("body", models.TextField()),
                ("at", models.DateTimeField(db_default=Now())),
            ],
            options={
                "verbose_name": "Notification of a source",
                "verbose_name_plural": "Notifications of sources",
                "indexes": [models.Index(fields=["passed_id", "id"], name="heard_in_order")],
            },
        ),
        migrations.CreateModel(
            name="ToldNotification",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("owner_id", models.UUIDField()),
                ("digest", models.TextField(db_collation="C")),
                ("at", models.DateTimeField(db_default=Now())),
            ],
            options={
                "verbose_name": "Notification that was told",
                "verbose_name_plural": "Notifications that were told",
                "indexes": [models.Index(fields=["at"], name="told_by_age")],
                "constraints": [models.UniqueConstraint(fields=("owner_id", "digest"), name="told_once")],
            },
        ),
        migrations.RunSQL(HEARD, "DROP FUNCTION twin_hear(text, text, text, text, int)"),
        RowSecurityThrough("twin_passedsubscription", THROUGH, commands=("select",)),
        RowSecurityThrough("twin_heardnotification", "false", commands=("select",)),
        RowSecurityThrough("twin_toldnotification", "false", commands=("select",)),
    ]
