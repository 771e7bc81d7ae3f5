"""The walls under certificates: what is signed never changes, no state without its event, and rights on every row."""

from django.db import migrations

from onecity.kernel.access.rls import RowSecurityThrough, scope_predicate
from onecity.kernel.access.session import CURRENT_ACCOUNT

SERIAL = "CREATE SEQUENCE records_certificate_serial AS bigint MINVALUE 0 START 0"

HISTORY = """
ALTER TABLE records_certificate ADD CONSTRAINT certificate_state_has_event FOREIGN KEY (id, step, state)
    REFERENCES records_certificateevent (certificate_id, step, to_state) DEFERRABLE INITIALLY DEFERRED;

CREATE FUNCTION records_certificate_moves() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF to_jsonb(NEW) - ARRAY['state', 'step', 'account_id'] IS DISTINCT FROM to_jsonb(OLD) - ARRAY['state', 'step', 'account_id'] THEN
        RAISE integrity_constraint_violation USING
            MESSAGE = format('certificate %s: what was issued does not change', OLD.number);
    END IF;
    IF NEW.state = OLD.state AND NEW.step = OLD.step THEN
        RETURN NEW;
    END IF;
    IF NEW.step <> OLD.step + 1 OR (OLD.state, NEW.state) NOT IN (
        ('valid', 'suspended'), ('valid', 'revoked'), ('valid', 'replaced'),
        ('suspended', 'valid'), ('suspended', 'revoked'), ('suspended', 'replaced')) THEN
        RAISE integrity_constraint_violation USING
            MESSAGE = format('certificate %s cannot go from %s to %s', OLD.number, OLD.state, NEW.state);
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER records_certificate_moves BEFORE UPDATE ON records_certificate
    FOR EACH ROW EXECUTE FUNCTION records_certificate_moves();

CREATE FUNCTION records_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE insufficient_privilege USING MESSAGE = format('%s is only ever added to', TG_TABLE_NAME);
END $$;
CREATE TRIGGER records_event_stays BEFORE UPDATE OR DELETE ON records_certificateevent
    FOR EACH ROW EXECUTE FUNCTION records_stays();
"""
FIRST_KEY = """
CREATE FUNCTION records_first_key(kid text, algorithm text, public_jwk jsonb, issuer text) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
    INSERT INTO records_issuerkey (kid, algorithm, public_jwk, issuer, signs_from)
    SELECT $1, $2, $3, $4, now() WHERE NOT EXISTS (SELECT 1 FROM records_issuerkey)
$$;
REVOKE ALL ON FUNCTION records_first_key(text, text, jsonb, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION records_first_key(text, text, jsonb, text) TO onecity_app;
"""
# whoever knows the key of a source may know what came of it: the keys are made of cases, and only the code knows them
OF_SOURCES = """
CREATE FUNCTION records_numbers_of_sources(keys text[]) RETURNS SETOF text
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT number FROM records_certificate WHERE source_key = ANY (keys)
$$;
REVOKE ALL ON FUNCTION records_numbers_of_sources(text[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION records_numbers_of_sources(text[]) TO onecity_app;

CREATE FUNCTION records_number_of(wanted uuid) RETURNS text
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT number FROM records_certificate WHERE id = wanted
$$;
REVOKE ALL ON FUNCTION records_number_of(uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION records_number_of(uuid) TO onecity_app;
"""
NO_HISTORY = """
DROP TRIGGER records_event_stays ON records_certificateevent;
DROP TRIGGER records_certificate_moves ON records_certificate;
DROP FUNCTION records_stays();
DROP FUNCTION records_certificate_moves();
ALTER TABLE records_certificate DROP CONSTRAINT certificate_state_has_event;
"""


def _listed(setting: str) -> str:
    return f"number = ANY (ARRAY(SELECT unnest(nullif(current_setting('{setting}', true), '')::text[])))"


WRITTEN = _listed("onecity.certificates_written")
SEES = (
    f"({scope_predicate('certificates.view')}) OR account_id = {CURRENT_ACCOUNT}"
    f" OR {_listed('onecity.certificates')} OR {WRITTEN}"
    " OR identity_hash = nullif(current_setting('onecity.certificate_holder', true), '')"
)
MANAGES = f"({scope_predicate('certificates.manage')}) OR {WRITTEN}"
RIGHTS = f"""
ALTER TABLE records_certificate ENABLE ROW LEVEL SECURITY;
CREATE POLICY onecity_select ON records_certificate FOR SELECT TO onecity_app USING ({SEES});
CREATE POLICY onecity_insert ON records_certificate FOR INSERT TO onecity_app
    WITH CHECK (({scope_predicate("certificates.issue")}) OR {WRITTEN});
CREATE POLICY onecity_update ON records_certificate FOR UPDATE TO onecity_app USING ({MANAGES}) WITH CHECK ({MANAGES});
"""
NO_RIGHTS = """
DROP POLICY onecity_update ON records_certificate;
DROP POLICY onecity_insert ON records_certificate;
DROP POLICY onecity_select ON records_certificate;
ALTER TABLE records_certificate DISABLE ROW LEVEL SECURITY;
"""
OF_CERTIFICATE = "EXISTS (SELECT 1 FROM records_certificate c WHERE c.id = certificate_id)"


class Migration(migrations.Migration):
    dependencies = [("records", "0001_initial"), ("access", "0002_walls")]

    operations = [
        migrations.RunSQL(SERIAL, "DROP SEQUENCE records_certificate_serial"),
        migrations.RunSQL(FIRST_KEY, "DROP FUNCTION records_first_key(text, text, jsonb, text)"),
        migrations.RunSQL(OF_SOURCES, "DROP FUNCTION records_number_of(uuid); DROP FUNCTION records_numbers_of_sources(text[])"),
        migrations.RunSQL(HISTORY, NO_HISTORY),
        migrations.RunSQL(RIGHTS, NO_RIGHTS),
        RowSecurityThrough("records_certificateevent", OF_CERTIFICATE, commands=("select", "insert")),
        RowSecurityThrough("records_rendition", OF_CERTIFICATE, commands=("select", "insert")),
        RowSecurityThrough("records_annotatedcopy", OF_CERTIFICATE, commands=("select", "insert")),
        RowSecurityThrough(
            "records_annotatedlook",
            "EXISTS (SELECT 1 FROM records_annotatedcopy c WHERE c.id = copy_id)",
            commands=("select", "insert"),
        ),
        # states without a word about whose they are, kinds and public keys are no secret; keys come from the owner only
        RowSecurityThrough("records_statuslist", "true", commands=("select", "insert", "update")),
        RowSecurityThrough("records_certificatetypeversion", "true", commands=("select",)),
        RowSecurityThrough("records_issuerkey", "true", commands=("select",)),
    ]
