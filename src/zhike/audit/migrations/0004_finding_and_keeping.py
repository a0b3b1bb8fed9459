"""Indexes for what auditors ask, and months that end.

An entry's table and request are looked up; so are events and deletions by what happened, while creations and changes
are so many that the latest are found at once anyway. Times are found by blocks: entries lie in the order of time.
"""

from django.db import migrations

INDEXES = """
CREATE INDEX audit_entry_of_table ON audit_entry (table_name, id);
CREATE INDEX audit_entry_of_request ON audit_entry (request, id) WHERE request <> '';
CREATE INDEX audit_entry_of_action ON audit_entry (action, id) WHERE action NOT IN ('insert', 'update');
CREATE INDEX audit_entry_of_time ON audit_entry USING brin (at);
CREATE INDEX audit_head_of_size ON audit_head (size);
CREATE INDEX audit_leaf_of_time ON audit_leaf USING brin (at);
"""

ENDING = """
-- Takes whole months away that began before the first to be kept, and says in an entry which leaves have none any more:
-- the leaves stay, so that the tree and every head go on proving what is left. A month with something unsealed waits.
CREATE FUNCTION audit_end_months(kept_from timestamptz) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
    partition text; month timestamptz; following timestamptz; ranges jsonb; gone bigint; ended integer := 0;
BEGIN
    SET LOCAL lock_timeout = '5s';
    FOR partition IN
        SELECT relname FROM pg_catalog.pg_class JOIN pg_catalog.pg_inherits ON inhrelid = pg_class.oid
        WHERE inhparent = 'public.audit_entry'::regclass AND relname ~ '^audit_entry_[0-9]{4}_[0-9]{2}$'
        ORDER BY relname
    LOOP
        month := to_timestamp(right(partition, 7) || ' +00', 'YYYY_MM TZH');
        following := (month AT TIME ZONE 'UTC' + interval '1 month') AT TIME ZONE 'UTC';
        EXIT WHEN following > kept_from;
        CONTINUE WHEN EXISTS (SELECT FROM public.audit_unsealed WHERE at >= month AND at < following);
        SELECT coalesce(jsonb_agg(jsonb_build_array(first, last) ORDER BY first), '[]'),
            coalesce(sum(last - first + 1), 0)
        INTO ranges, gone FROM (
            SELECT min(position) AS first, max(position) AS last FROM (
                SELECT position, position - row_number() OVER (ORDER BY position) AS island
                FROM public.audit_leaf WHERE at >= month AND at < following
            ) AS numbered GROUP BY island
        ) AS islands;
        -- What was sealed long after could not be told from what is younger: it stays.
        CONTINUE WHEN EXISTS (
            SELECT FROM public.audit_head WHERE sealed_at >= following + interval '7 days'
                AND size > (ranges -> -1 ->> 1)::bigint
                AND NOT EXISTS (
                    SELECT FROM public.audit_head AS before
                    WHERE before.number < audit_head.number AND before.size > (ranges -> -1 ->> 1)::bigint
                )
        );
        EXECUTE format('DROP TABLE public.%I', partition);
        EXECUTE format('DROP TABLE IF EXISTS public.%I', replace(partition, 'entry', 'payload'));
        PERFORM public.audit_write(
            'end', 'audit_entry', '', '{}', NULL, NULL,
            ARRAY[jsonb_build_object('month', to_char(month AT TIME ZONE 'UTC', 'YYYY-MM'), 'leaves', ranges,
                                     'entries', gone)::text]
        );
        ended := ended + 1;
    END LOOP;
    RETURN ended;
END $$;
CREATE OR REPLACE FUNCTION audit_record(action text, subject text, ids bigint[], payload jsonb) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF action IN ('insert', 'update', 'delete', 'truncate', 'erase', 'end') THEN
        RAISE 'only the database itself records %', action USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN public.audit_write(action, '', subject, ids, NULL, NULL, ARRAY[payload::text]);
END $$;
SELECT audit_close_all();
"""


class Migration(migrations.Migration):
    dependencies = [("audit", "0003_publication")]

    operations = [
        migrations.RunSQL(
            INDEXES,
            "DROP INDEX audit_entry_of_table, audit_entry_of_request, audit_entry_of_action, audit_entry_of_time,"
            " audit_head_of_size, audit_leaf_of_time",
        ),
        migrations.RunSQL(ENDING, "DROP FUNCTION audit_end_months(timestamptz)"),
    ]
