"""Erasing contents by what stands in them, for people who are mentioned in the history of other records."""

from django.db import migrations

MATCHING = """
CREATE FUNCTION audit_erase_matching(pattern text) RETURNS integer
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT coalesce(sum(public.audit_erase(entry_id, at, places)), 0)::integer FROM (
        SELECT entry_id, at, array_agg(place::integer ORDER BY place) AS places
        FROM public.audit_payload, unnest(texts) WITH ORDINALITY AS found (text, place)
        WHERE text ~* pattern
        GROUP BY entry_id, at
        ORDER BY entry_id
    ) AS matching
$$;

CREATE OR REPLACE FUNCTION audit_close_all() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM public.audit_close(oid) FROM pg_catalog.pg_class
    WHERE relnamespace = 'public'::regnamespace AND starts_with(relname, 'audit_') AND relkind IN ('r', 'p');
    PERFORM public.audit_close_function(oid) FROM pg_catalog.pg_proc
    WHERE pronamespace = 'public'::regnamespace AND starts_with(proname, 'audit_') AND proname NOT IN
        ('audit_record', 'audit_erase_subject', 'audit_erase_matching', 'audit_least', 'audit_greatest');
END $$;
"""


class Migration(migrations.Migration):
    dependencies = [("audit", "0001_initial")]
    operations = [migrations.RunSQL(MATCHING, "DROP FUNCTION audit_erase_matching(text)")]
