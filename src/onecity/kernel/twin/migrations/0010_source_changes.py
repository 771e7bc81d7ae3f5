from django.db import migrations, models

from onecity.kernel.access.rls import RowSecurityThrough

# Registrations are written one after another (see federation.records), so that the numbers of their changes are in the
# order of commit.
TOLD = """
CREATE FUNCTION twin_source_changed() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO public.twin_sourcechange (tenant, urn, after) VALUES (NEW.tenant, NEW.urn, NEW.document);
    ELSIF TG_OP = 'DELETE' THEN
        INSERT INTO public.twin_sourcechange (tenant, urn, before) VALUES (OLD.tenant, OLD.urn, OLD.document);
    ELSE
        INSERT INTO public.twin_sourcechange (tenant, urn, before, after)
        VALUES (NEW.tenant, NEW.urn, OLD.document, NEW.document);
    END IF;
    PERFORM pg_notify('twin_source', '');
    RETURN NULL;
END $$;
REVOKE ALL ON FUNCTION twin_source_changed() FROM PUBLIC;
CREATE TRIGGER source_changed AFTER INSERT OR DELETE OR UPDATE OF document ON twin_sourceregistration
    FOR EACH ROW EXECUTE FUNCTION twin_source_changed();
"""
UNTOLD = """
DROP TRIGGER source_changed ON twin_sourceregistration;
DROP FUNCTION twin_source_changed();
"""


class Migration(migrations.Migration):
    """Creates the changes that subscribers to registrations are told of."""

    dependencies = [
        ("twin", "0009_federation"),
    ]

    operations = [
        migrations.CreateModel(
            name="SourceChange",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("tenant", models.TextField(blank=True, db_collation="C", db_default="", default="")),
                ("urn", models.TextField(db_collation="C")),
                ("before", models.JSONField(null=True)),
                ("after", models.JSONField(null=True)),
            ],
            options={
                "verbose_name": "Change of a context source",
                "verbose_name_plural": "Changes of context sources",
            },
        ),
        migrations.RunSQL(TOLD, UNTOLD),
        RowSecurityThrough("twin_sourcechange", "false", commands=("select",)),
    ]
