"""The contents about one field of a company's own, whatever the record: for when it becomes an encrypted one."""

from django.db import migrations

# Images of single rows name the field in full; those of many are rows as PostgreSQL writes them, where its key
# stands in the JSON of its column, with the quotation marks of a text within a text.
# The name stands as a word of its own; "customers.customer.custom.k" is the field in a role, not a value. Events tell
# of a value only where the name is followed by it: that somebody saw the field in full stays.
NAMING = """
CREATE FUNCTION audit_erase_naming(wanted text, name text, key text) RETURNS integer
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT coalesce(sum(public.audit_erase(entry_id, at, places)), 0)::integer FROM (
        SELECT few.entry_id, few.at, array_agg(place::integer ORDER BY place) AS places
        FROM (
            SELECT p.entry_id, p.at, p.texts, e.table_name, e.table_name = wanted AND e.fields IS NOT NULL AS is_of_many
            FROM public.audit_payload AS p JOIN public.audit_entry AS e ON e.id = p.entry_id AND e.at = p.at
            WHERE e.table_name <> 'audit_payload' AND (
                position(name IN array_to_string(p.texts, E'\\n')) > 0
                OR e.table_name = wanted AND e.fields IS NOT NULL
                    AND position(key IN array_to_string(p.texts, E'\\n')) > 0
            )
            OFFSET 0
        ) AS few, unnest(texts) WITH ORDINALITY AS found (text, place)
        WHERE text ~ (
                '(^|[^.a-z0-9_])' || replace(name, '.', '[.]')
                || CASE few.table_name WHEN '' THEN '"?:' ELSE '([^a-z0-9_]|$)' END
            )
            OR few.is_of_many AND text ~ ('""' || key || '"":')
        GROUP BY few.entry_id, few.at
        ORDER BY few.entry_id
    ) AS matching
$$;
CREATE OR REPLACE FUNCTION audit_close_all() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM public.audit_close(oid) FROM pg_catalog.pg_class
    WHERE relnamespace = 'public'::regnamespace AND starts_with(relname, 'audit_') AND relkind IN ('r', 'p');
    PERFORM public.audit_close_function(oid) FROM pg_catalog.pg_proc
    WHERE pronamespace = 'public'::regnamespace AND starts_with(proname, 'audit_') AND proname NOT IN
        ('audit_record', 'audit_erase_subject', 'audit_erase_matching', 'audit_erase_naming', 'audit_least',
        'audit_greatest');
END $$;
"""


class Migration(migrations.Migration):
    dependencies = [("audit", "0005_quicker_erasure")]
    operations = [migrations.RunSQL(NAMING, "DROP FUNCTION audit_erase_naming(text, text, text)")]
