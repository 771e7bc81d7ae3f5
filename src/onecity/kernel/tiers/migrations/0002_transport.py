"""The clock, the outbox door, and the triggers that write down what the other side must learn; walls on every table."""

from django.db import migrations

from onecity.kernel.access.rls import RowSecurity, RowSecurityThrough, scope_predicate

# Hybrid logical clock in µs: never behind the machine's clock by more than it must, never backwards, later than every
# time seen from the other side. The sequence is not part of any transaction, and the lock is held for a moment only.
# What the other side says is believed up to an hour ahead: a broken clock there must not carry ours away.
CLOCK = """
CREATE SEQUENCE tiers_clock;
CREATE FUNCTION tiers_tick(seen int8 DEFAULT 0) RETURNS int8
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
DECLARE
    machine int8 := (extract(epoch FROM clock_timestamp()) * 1000000)::int8;
    found int8;
BEGIN
    PERFORM pg_advisory_lock(2116943880);
    SELECT greatest(machine, last_value + 1, least(seen, machine + 3600000000) + 1) INTO found FROM public.tiers_clock;
    PERFORM setval('public.tiers_clock', found);
    PERFORM pg_advisory_unlock(2116943880);
    RETURN found;
END $$;
"""

# `onecity.tiers_from` names the link whose messages are being applied: what came from there is not sent back
SEND = """
CREATE FUNCTION tiers_send(peer text, kind text, body jsonb, size int DEFAULT 1) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
    INSERT INTO public.tiers_outbox (peer_id, channel, kind, body, size) VALUES (peer, 'changes', kind, body, size)
$$;
CREATE FUNCTION tiers_leave(leaving uuid, peer text) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
    INSERT INTO public.tiers_away (case_id, peer_id, since) VALUES (leaving, peer, clock_timestamp())
    ON CONFLICT (case_id) DO UPDATE SET peer_id = excluded.peer_id, since = excluded.since
$$;
CREATE FUNCTION tiers_links(path text) RETURNS TABLE (code text, node text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
    SELECT p.code, CASE p.direction WHEN 'up' THEN p.code ELSE 'district' END FROM public.tiers_peer p
    WHERE p.state = 'joined' AND path ^@ p.division_path
$$;
"""

# Every field of an entity on its own: columns by their names, attributes of the document as '@' and their stored name.
# Which device measures is each side's own matter.
ENTITY = """
CREATE FUNCTION tiers_entity_fields(entity jsonb) RETURNS jsonb
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog AS $$
    SELECT coalesce(jsonb_object_agg(key, value), '{}') FROM (
        SELECT key, value FROM jsonb_each(entity) WHERE key IN ('type', 'key', 'name', 'types', 'scopes', 'division_path',
            'lon', 'lat', 'properties', 'public', 'status', 'expires_at')
        UNION ALL
        SELECT '@' || key, value FROM jsonb_each(coalesce(entity -> 'attributes', '{}'))
    ) fields
$$;
CREATE FUNCTION tiers_entity_name(tenant text, urn text) RETURNS text
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog AS $$
    SELECT CASE tenant WHEN '' THEN urn ELSE tenant || ' ' || urn END
$$;
CREATE FUNCTION tiers_entity_changed() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
DECLARE
    before jsonb := CASE WHEN TG_OP = 'INSERT' THEN '{}' ELSE tiers_entity_fields(to_jsonb(OLD)) END;
    after jsonb := CASE WHEN TG_OP = 'DELETE' THEN '{}' ELSE tiers_entity_fields(to_jsonb(NEW)) END;
    row record := CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END;
    name text := tiers_entity_name(row.tenant, row.urn);
    links record;
    writer text;
    written jsonb;
    tick int8;
BEGIN
    IF coalesce(current_setting('onecity.tiers_from', true), '') <> '' OR before = after THEN
        RETURN NULL;
    END IF;
    FOR links IN SELECT * FROM tiers_links(row.division_path) LOOP
        writer := links.node;
        IF written IS NULL THEN
            tick := tiers_tick();
            WITH fields AS (
                SELECT DISTINCT key FROM (
                    SELECT key FROM jsonb_each(after) EXCEPT SELECT b.key FROM jsonb_each(before) b
                        JOIN jsonb_each(after) a USING (key) WHERE a.value = b.value
                    UNION ALL
                    SELECT key FROM jsonb_object_keys(before) AS gone (key) WHERE NOT after ? key
                ) changed
                UNION ALL SELECT '' WHERE TG_OP <> 'UPDATE'
            ), replaced AS (
                SELECT f.key, coalesce(s.hlc, 0) AS hlc FROM fields f
                LEFT JOIN tiers_stamp s ON s.object_id = name AND s.field = f.key
            ), stamped AS (
                INSERT INTO tiers_stamp (object_id, field, hlc, node) SELECT name, key, tick, writer FROM replaced
                ON CONFLICT (object_id, field) DO UPDATE SET hlc = excluded.hlc, node = excluded.node
            )
            SELECT jsonb_object_agg(key, jsonb_build_array(after -> key, hlc)) INTO written FROM replaced;
        END IF;
        PERFORM tiers_send(links.code, 'entity', jsonb_build_object('name', name, 'tenant', row.tenant, 'urn', row.urn,
            'id', row.id, 'operation', lower(TG_OP), 'at', tick, 'node', writer, 'division', row.division_path,
            'title', row.name, 'fields', written, 'whole', after));
    END LOOP;
    RETURN NULL;
END $$;
"""

# At commit, when the case says what its history adds up to.
CASE = """
CREATE FUNCTION tiers_case_body(event jsonb) RETURNS jsonb
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
    SELECT jsonb_build_object('event', event, 'case', to_jsonb(c) - 'due_order',
        'definition', (SELECT t.definition FROM cases_casetype t WHERE t.name = c.type_name AND t.version = c.type_version),
        'digest', (SELECT t.digest FROM cases_casetype t WHERE t.name = c.type_name AND t.version = c.type_version),
        'organisation', (SELECT jsonb_build_object('code', o.code, 'name', o.name, 'division_path', o.division_path)
            FROM people_organisation o WHERE o.id = c.organisation_id),
        'attachments', coalesce((SELECT jsonb_agg(to_jsonb(a)) FROM cases_attachment a WHERE a.case_id = c.id), '[]'))
    FROM cases_case c WHERE c.id = (event ->> 'case_id')::uuid
$$;
CREATE FUNCTION tiers_case_moved() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
DECLARE
    body jsonb;
    links record;
BEGIN
    FOR links IN SELECT l.code FROM cases_case c, tiers_links(c.division_path) l WHERE c.id = NEW.case_id
        AND l.code <> coalesce(current_setting('onecity.tiers_from', true), '')
    LOOP
        body := coalesce(body, tiers_case_body(to_jsonb(NEW)));
        PERFORM tiers_send(links.code, 'case', body);
    END LOOP;
    RETURN NULL;
END $$;
"""

# A new case whose office is of the other tier is at home there from the beginning: reminders are that side's too.
OPENS = """
CREATE FUNCTION tiers_case_opens() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
DECLARE
    home text;
BEGIN
    IF coalesce(current_setting('onecity.tiers_from', true), '') <> '' THEN
        RETURN NEW;
    END IF;
    SELECT p.code INTO home FROM tiers_peer p, people_organisation o WHERE o.id = NEW.organisation_id
        AND p.state = 'joined' AND NEW.division_path ^@ p.division_path AND o.division_path <> ''
        AND (o.division_path ^@ p.division_path) = (p.direction = 'down');
    IF home IS NOT NULL THEN
        NEW.sweep_at := NULL;
        PERFORM tiers_leave(NEW.id, home);
    END IF;
    RETURN NEW;
END $$;
"""

# Rows that one side alone writes and the other shows as they are; the trigger's first argument is what they are called
MIRROR = """
CREATE FUNCTION tiers_mirrored() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
DECLARE
    links record;
BEGIN
    FOR links IN SELECT p.code FROM tiers_peer p WHERE p.state = 'joined' AND p.direction = TG_ARGV[1]
        AND NEW.division_path ^@ p.division_path AND p.code <> coalesce(current_setting('onecity.tiers_from', true), '')
    LOOP
        PERFORM tiers_send(links.code, 'mirror', jsonb_build_object('table', TG_ARGV[0], 'row', to_jsonb(NEW)));
    END LOOP;
    RETURN NULL;
END $$;
"""

# A town that joins has no account here: its token is its right, and this is all it opens.
REDEEM = """
CREATE FUNCTION tiers_redeem(token bytea, joining uuid, moment timestamptz)
RETURNS TABLE (code text, name text, division_path text, slot int)
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
    UPDATE public.tiers_peer p SET state = 'joined', installation = joining, joined_at = moment, token_hash = NULL
    WHERE p.token_hash = token AND p.state = 'invited' AND p.token_until > moment
    RETURNING p.code, p.name, p.division_path, p.slot
$$;
"""

CLOSED = """
REVOKE ALL ON FUNCTION tiers_tick(int8), tiers_send(text, text, jsonb, int), tiers_leave(uuid, text),
    tiers_links(text), tiers_case_body(jsonb),
    tiers_redeem(bytea, uuid, timestamptz) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION tiers_send(text, text, jsonb, int), tiers_leave(uuid, text), tiers_links(text), tiers_redeem(bytea, uuid, timestamptz),
    tiers_tick(int8) TO onecity_app;
"""

UNDO = """
DROP FUNCTION tiers_redeem(bytea, uuid, timestamptz);
DROP FUNCTION tiers_mirrored() CASCADE;
DROP FUNCTION tiers_case_moved() CASCADE;
DROP FUNCTION tiers_case_opens() CASCADE;
DROP FUNCTION tiers_case_body(jsonb);
DROP FUNCTION tiers_entity_changed() CASCADE;
DROP FUNCTION tiers_entity_name(text, text);
DROP FUNCTION tiers_entity_fields(jsonb);
DROP FUNCTION tiers_links(text);
DROP FUNCTION tiers_leave(uuid, text);
DROP FUNCTION tiers_send(text, text, jsonb, int);
DROP FUNCTION tiers_tick(int8);
DROP SEQUENCE tiers_clock;
"""

# whoever looks after any division may know which towns are linked: a count without them must say so
SOMEWHERE = scope_predicate("tiers.view", "division_path")


class Migration(migrations.Migration):
    """Creates what is written above."""

    dependencies = [
        ("tiers", "0001_initial"),
        ("access", "0001_initial"),
        ("cases", "0002_walls"),
        ("people", "0001_initial"),
        ("twin", "0004_changes"),
    ]

    operations = [
        migrations.RunSQL(CLOCK + SEND + ENTITY + CASE + OPENS + MIRROR + REDEEM + CLOSED, UNDO),
        RowSecurity("Peer", permission="tiers.view", write_permission="tiers.manage"),
        RowSecurityThrough("Link", "EXISTS (SELECT 1 FROM tiers_peer p WHERE p.code = peer_id)", commands=("select",)),
        RowSecurity("Conflict", permission="tiers.view"),
        RowSecurity("Act", permission="cases.view"),
        # what leaves the town is no secret; who may change it is decided where it is changed
        RowSecurityThrough("Policy", "true"),
        RowSecurityThrough("Away", "true", commands=("select",)),
        *(RowSecurityThrough(name, "false", commands=("select",))
          for name in ("Outbox", "Stamp", "Announced", "TownSeries", "Shared")),
        RowSecurityThrough("Position", "true", commands=("select",)),
        RowSecurityThrough("Document", "true", commands=("select",)),
    ]
