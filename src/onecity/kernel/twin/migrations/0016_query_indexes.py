from django.db import migrations, models
from django.db.models.functions import Now

# Whoever queries may say so, and only that: how often an attribute is asked for, at most so many attributes in all.
ASKED = """
CREATE FUNCTION twin_index_asked(names text[], slow_ones int[], most int) RETURNS void
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
INSERT INTO public.twin_queryindex AS known (attribute, slow)
SELECT n.name, n.slow FROM unnest(names, slow_ones) AS n(name, slow)
WHERE length(n.name) <= 500 AND ((SELECT count(*) FROM public.twin_queryindex) < most
    OR EXISTS (SELECT FROM public.twin_queryindex q WHERE q.attribute = n.name))
ORDER BY n.name
ON CONFLICT (attribute) DO UPDATE SET slow = known.slow + excluded.slow, used_at = statement_timestamp()
$$;
REVOKE ALL ON FUNCTION twin_index_asked FROM PUBLIC;
GRANT EXECUTE ON FUNCTION twin_index_asked TO onecity_app;
"""


class Migration(migrations.Migration):
    """Creates what is known of attributes that queries ask for."""

    dependencies = [("twin", "0015_passed_subscriptions")]

    operations = [
        migrations.CreateModel(
            name="QueryIndex",
            fields=[
                ("attribute", models.TextField(db_collation="C", primary_key=True, serialize=False)),
                ("state", models.CharField(db_default="asked", default="asked", max_length=10)),
                ("slow", models.BigIntegerField(db_default=0, default=0)),
                ("used_at", models.DateTimeField(db_default=Now())),
                ("made_at", models.DateTimeField(blank=True, null=True)),
            ],
            options={
                "verbose_name": "Index for queries",
                "verbose_name_plural": "Indexes for queries",
                "indexes": [models.Index(fields=["state", "used_at"], name="query_index_by_use")],
            },
        ),
        migrations.RunSQL(ASKED, "DROP FUNCTION twin_index_asked(text[], int[], int)"),
    ]
