"""The same as before for some entries at a time: whoever writes history waits for no look at all of it."""

from importlib import import_module

from django.db import migrations

BEFORE = import_module("zhike.audit.migrations.0006_erase_naming").NAMING
IN_PIECES = """
DROP FUNCTION audit_erase_naming(text, text, text);
CREATE FUNCTION audit_erase_naming(wanted text, name text, key text, after bigint, until bigint) RETURNS integer
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT coalesce(sum(public.audit_erase(entry_id, at, places)), 0)::integer FROM (
        SELECT few.entry_id, few.at, array_agg(place::integer ORDER BY place) AS places
        FROM (
            SELECT p.entry_id, p.at, p.texts, e.table_name, e.table_name = wanted AND e.fields IS NOT NULL AS is_of_many
            FROM public.audit_payload AS p JOIN public.audit_entry AS e ON e.id = p.entry_id AND e.at = p.at
            WHERE p.entry_id > after AND p.entry_id <= until AND e.table_name <> 'audit_payload' AND (
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
SELECT audit_close_all();
"""


class Migration(migrations.Migration):
    dependencies = [("audit", "0006_erase_naming")]
    operations = [
        migrations.RunSQL(IN_PIECES, "DROP FUNCTION audit_erase_naming(text, text, text, bigint, bigint);" + BEFORE)
    ]
