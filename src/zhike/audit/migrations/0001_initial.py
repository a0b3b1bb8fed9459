"""Entries, their erasable payloads, the leaves and heads of the tree, and the functions that alone write them."""

import django.contrib.postgres.fields
from django.db import migrations, models

TABLES = """
CREATE SEQUENCE audit_entry_id_seq;

CREATE TABLE audit_entry (
    id bigint NOT NULL DEFAULT nextval('audit_entry_id_seq'),
    at timestamptz NOT NULL DEFAULT now(),
    xid bigint NOT NULL DEFAULT (pg_current_xact_id()::text::bigint),
    actor_id bigint,
    origin text NOT NULL,
    request text NOT NULL,
    action text NOT NULL,
    table_name text NOT NULL,
    row_count integer NOT NULL,
    ids bigint[] NOT NULL,
    subject text NOT NULL,
    subject_ids bigint[],
    fields text[],
    text_count integer NOT NULL,
    PRIMARY KEY (id, at)
) PARTITION BY RANGE (at);
-- Looked through for one id; unpacking them would cost more than the space they save.
ALTER TABLE audit_entry ALTER COLUMN ids SET STORAGE EXTERNAL, ALTER COLUMN subject_ids SET STORAGE EXTERNAL;

CREATE TABLE audit_payload (
    entry_id bigint NOT NULL,
    at timestamptz NOT NULL,
    seed bytea,
    texts text[] NOT NULL,
    salts bytea[],
    hashes bytea[],
    PRIMARY KEY (entry_id, at)
) PARTITION BY RANGE (at);

CREATE TABLE audit_unsealed (entry_id bigint PRIMARY KEY, at timestamptz NOT NULL);

CREATE TABLE audit_leaf (
    position bigint PRIMARY KEY,
    entry_id bigint NOT NULL CONSTRAINT audit_leaf_entry_is_unique UNIQUE,
    at timestamptz NOT NULL,
    commitment bytea NOT NULL,
    leaf bytea NOT NULL
);

CREATE TABLE audit_head (
    number bigint PRIMARY KEY,
    size bigint NOT NULL,
    root bytea NOT NULL,
    edge bytea[] NOT NULL,
    sealed_at timestamptz NOT NULL,
    statement text NOT NULL,
    signature bytea NOT NULL
);

CREATE FUNCTION audit_least(bigint[]) RETURNS bigint LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS 'SELECT min(id) FROM unnest($1) AS id';
CREATE FUNCTION audit_greatest(bigint[]) RETURNS bigint LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS 'SELECT max(id) FROM unnest($1) AS id';

CREATE INDEX audit_entry_of_one ON audit_entry (subject, ((coalesce(subject_ids, ids))[1]), id) WHERE row_count <= 1;
CREATE INDEX audit_entry_of_many ON audit_entry (
    subject, audit_least(coalesce(subject_ids, ids)), audit_greatest(coalesce(subject_ids, ids))
) WHERE row_count > 1;
CREATE INDEX audit_entry_of_actor ON audit_entry (actor_id, id);
"""

CLOSING = """
-- Default privileges let the application write every new table; these it may only read.
CREATE FUNCTION audit_close(target regclass) RETURNS void LANGUAGE plpgsql AS $$
DECLARE role regrole;
BEGIN
    FOR role IN
        SELECT DISTINCT grantee::regrole FROM pg_catalog.pg_class, aclexplode(relacl)
        WHERE pg_class.oid = target AND grantee NOT IN (0, relowner)
    LOOP
        EXECUTE format('REVOKE INSERT, UPDATE, DELETE ON %s FROM %s', target, role);
    END LOOP;
END $$;

CREATE FUNCTION audit_close_function(target regprocedure) RETURNS void LANGUAGE plpgsql AS $$
DECLARE role regrole;
BEGIN
    EXECUTE format('REVOKE ALL ON FUNCTION %s FROM PUBLIC', target);
    FOR role IN
        SELECT DISTINCT grantee::regrole FROM pg_catalog.pg_proc, aclexplode(proacl)
        WHERE pg_proc.oid = target AND grantee NOT IN (0, proowner)
    LOOP
        EXECUTE format('REVOKE ALL ON FUNCTION %s FROM %s', target, role);
    END LOOP;
END $$;

-- A month whose rows already went to the default partition stays there: late, but whole.
CREATE FUNCTION audit_make_partitions(ahead integer) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
    parent text; made integer := 0; partition text;
    month timestamptz; first timestamptz := date_trunc('month', now(), 'UTC');
BEGIN
    FOR steps IN 0 .. ahead LOOP
        month := (first AT TIME ZONE 'UTC' + make_interval(months => steps)) AT TIME ZONE 'UTC';
        FOREACH parent IN ARRAY ARRAY['audit_entry', 'audit_payload'] LOOP
            partition := parent || to_char(month AT TIME ZONE 'UTC', '"_"YYYY"_"MM');
            CONTINUE WHEN to_regclass('public.' || partition) IS NOT NULL;
            BEGIN
                EXECUTE format(
                    'CREATE TABLE public.%I PARTITION OF public.%I FOR VALUES FROM (%L) TO (%L)', partition, parent,
                    month, (month AT TIME ZONE 'UTC' + interval '1 month') AT TIME ZONE 'UTC'
                );
                PERFORM public.audit_close(partition::regclass);
                made := made + 1;
            EXCEPTION WHEN check_violation THEN NULL;
            END;
        END LOOP;
    END LOOP;
    RETURN made;
END $$;

CREATE TABLE audit_entry_default PARTITION OF audit_entry DEFAULT;
CREATE TABLE audit_payload_default PARTITION OF audit_payload DEFAULT;
SELECT audit_make_partitions(3);

-- All of it anew, whatever was granted meanwhile to whomever.
CREATE FUNCTION audit_close_all() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM public.audit_close(oid) FROM pg_catalog.pg_class
    WHERE relnamespace = 'public'::regnamespace AND starts_with(relname, 'audit_') AND relkind IN ('r', 'p');
    PERFORM public.audit_close_function(oid) FROM pg_catalog.pg_proc
    WHERE pronamespace = 'public'::regnamespace AND starts_with(proname, 'audit_') AND proname NOT IN
        ('audit_record', 'audit_erase_subject', 'audit_least', 'audit_greatest');
END $$;
"""

WRITING = """
-- The one place that writes entries, in the transaction of what they tell. Closed to the application: its callers run
-- as the owner, with a search path of their own.
CREATE FUNCTION audit_write(
    action text, table_name text, subject text, ids bigint[], subject_ids bigint[], fields text[], texts text[]
) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    who jsonb := coalesce(nullif(current_setting('zhike.actor', true), ''), '{}');
    made bigint := nextval('public.audit_entry_id_seq');
BEGIN
    IF who ? 'reason' THEN
        texts := texts || (who ->> 'reason');
    END IF;
    INSERT INTO public.audit_entry
        (id, actor_id, origin, request, action, table_name, row_count, ids, subject, subject_ids, fields, text_count)
    VALUES (
        made, (who ->> 'user')::bigint, coalesce(who ->> 'origin', ''), coalesce(who ->> 'request', ''), action,
        table_name, cardinality(ids), ids, subject, subject_ids, fields, cardinality(texts)
    );
    INSERT INTO public.audit_payload (entry_id, at, seed, texts)
    VALUES (made, now(), uuid_send(gen_random_uuid()), texts);
    INSERT INTO public.audit_unsealed VALUES (made, now());
    RETURN made;
END $$;

CREATE FUNCTION audit_record(action text, subject text, ids bigint[], payload jsonb) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF action IN ('insert', 'update', 'delete', 'truncate', 'erase') THEN
        RAISE 'only the database itself records %', action USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN public.audit_write(action, '', subject, ids, NULL, NULL, ARRAY[payload::text]);
END $$;

-- Takes texts and their salts away and leaves their hashes, so that every proof still holds. places: from 1.
CREATE FUNCTION audit_erase(entry bigint, made_at timestamptz, places integer[]) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE known public.audit_payload; subject text; place integer; erased integer[] := '{}';
BEGIN
    SELECT * INTO known FROM public.audit_payload WHERE entry_id = entry AND at = made_at FOR UPDATE;
    IF known.salts IS NULL THEN
        SELECT array_agg(sha256(known.seed || int4send(number - 1)) ORDER BY number) INTO known.salts
        FROM generate_series(1, cardinality(known.texts)) AS number;
    END IF;
    known.hashes := coalesce(known.hashes, array_fill(NULL::bytea, ARRAY[cardinality(known.texts)]));
    FOREACH place IN ARRAY places LOOP
        CONTINUE WHEN known.texts[place] IS NULL;
        known.hashes[place] := sha256(
            '\\x00'::bytea || known.salts[place] || convert_to(known.texts[place], 'UTF8')
        );
        known.salts[place] := NULL;
        known.texts[place] := NULL;
        erased := erased || place;
    END LOOP;
    IF erased = '{}' THEN
        RETURN 0;
    END IF;
    UPDATE public.audit_payload SET seed = NULL, texts = known.texts, salts = known.salts, hashes = known.hashes
    WHERE entry_id = entry AND at = made_at;
    SELECT audit_entry.subject INTO subject FROM public.audit_entry WHERE id = entry AND at = made_at;
    PERFORM public.audit_write(
        'erase', 'audit_payload', subject, '{}', NULL, NULL,
        ARRAY[jsonb_build_object('entry', entry, 'texts', erased)::text]
    );
    RETURN cardinality(erased);
END $$;

-- Everything that history says about one record, the record's parts included.
CREATE FUNCTION audit_erase_subject(wanted text, wanted_id bigint) RETURNS integer
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT coalesce(sum(public.audit_erase(id, at, places)), 0)::integer FROM (
        SELECT id, at, array(SELECT generate_series(1, text_count)) AS places FROM public.audit_entry
        WHERE subject = wanted AND row_count <= 1 AND (coalesce(subject_ids, ids))[1] = wanted_id
            AND action <> 'erase'
        UNION ALL
        SELECT id, at, array_positions(coalesce(subject_ids, ids), wanted_id) FROM public.audit_entry
        WHERE subject = wanted AND row_count > 1 AND fields IS NOT NULL
            AND public.audit_least(coalesce(subject_ids, ids)) <= wanted_id
            AND public.audit_greatest(coalesce(subject_ids, ids)) >= wanted_id
            AND coalesce(subject_ids, ids) @> ARRAY[wanted_id]
        ORDER BY id
    ) AS found
$$;

CREATE FUNCTION audit_capture_truncate() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM public.audit_write('truncate', TG_TABLE_NAME, TG_TABLE_NAME, '{}', NULL, NULL, '{}');
    RETURN NULL;
END $$;

SELECT audit_close_all();
"""


class Migration(migrations.Migration):
    initial = True
    dependencies = []

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunSQL(part) for part in (TABLES, CLOSING, WRITING)],
            state_operations=[
                migrations.CreateModel(
                    name="Entry",
                    fields=[
                        ("id", models.BigIntegerField(primary_key=True, serialize=False)),
                        ("at", models.DateTimeField()),
                        ("xid", models.BigIntegerField()),
                        ("actor_id", models.BigIntegerField(null=True)),
                        ("origin", models.TextField()),
                        ("request", models.TextField()),
                        ("action", models.TextField()),
                        ("table_name", models.TextField()),
                        ("row_count", models.IntegerField()),
                        ("ids", django.contrib.postgres.fields.ArrayField(models.BigIntegerField(), size=None)),
                        ("subject", models.TextField()),
                        (
                            "subject_ids",
                            django.contrib.postgres.fields.ArrayField(models.BigIntegerField(), null=True, size=None),
                        ),
                        (
                            "fields",
                            django.contrib.postgres.fields.ArrayField(models.TextField(), null=True, size=None),
                        ),
                        ("text_count", models.IntegerField()),
                    ],
                    options={"db_table": "audit_entry"},
                ),
                migrations.CreateModel(
                    name="Payload",
                    fields=[
                        ("entry_id", models.BigIntegerField(primary_key=True, serialize=False)),
                        ("at", models.DateTimeField()),
                        ("seed", models.BinaryField(null=True)),
                        ("texts", django.contrib.postgres.fields.ArrayField(models.TextField(null=True), size=None)),
                        (
                            "salts",
                            django.contrib.postgres.fields.ArrayField(
                                models.BinaryField(null=True), null=True, size=None
                            ),
                        ),
                        (
                            "hashes",
                            django.contrib.postgres.fields.ArrayField(
                                models.BinaryField(null=True), null=True, size=None
                            ),
                        ),
                    ],
                    options={"db_table": "audit_payload"},
                ),
                migrations.CreateModel(
                    name="Unsealed",
                    fields=[
                        ("entry_id", models.BigIntegerField(primary_key=True, serialize=False)),
                        ("at", models.DateTimeField()),
                    ],
                    options={"db_table": "audit_unsealed"},
                ),
                migrations.CreateModel(
                    name="Leaf",
                    fields=[
                        ("position", models.BigIntegerField(primary_key=True, serialize=False)),
                        ("entry_id", models.BigIntegerField(unique=True)),
                        ("at", models.DateTimeField()),
                        ("commitment", models.BinaryField()),
                        ("leaf", models.BinaryField()),
                    ],
                    options={"db_table": "audit_leaf"},
                ),
                migrations.CreateModel(
                    name="Head",
                    fields=[
                        ("number", models.BigIntegerField(primary_key=True, serialize=False)),
                        ("size", models.BigIntegerField()),
                        ("root", models.BinaryField()),
                        ("edge", django.contrib.postgres.fields.ArrayField(models.BinaryField(), size=None)),
                        ("sealed_at", models.DateTimeField()),
                        ("statement", models.TextField()),
                        ("signature", models.BinaryField()),
                    ],
                    options={"db_table": "audit_head"},
                ),
            ],
        )
    ]
