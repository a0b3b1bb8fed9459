"""All texts of an entry are looked into at once: an import's entry has a thousand, and each call costs."""

from django.db import migrations

HEAD = """
CREATE OR REPLACE FUNCTION audit_erase_matching(pattern text) RETURNS integer
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT coalesce(sum(public.audit_erase(entry_id, at, places)), 0)::integer FROM (
        SELECT entry_id, at, array_agg(place::integer ORDER BY place) AS places
        FROM {rows}, unnest(texts) WITH ORDINALITY AS found (text, place)
        WHERE text ~* pattern
        GROUP BY entry_id, at
        ORDER BY entry_id
    ) AS matching
$$;
"""
FEW = """(
    SELECT entry_id, at, texts FROM public.audit_payload
    WHERE array_to_string(texts, E'\\n') ~* ('(?n)' || pattern) OFFSET 0
) AS few"""


class Migration(migrations.Migration):
    dependencies = [("audit", "0004_finding_and_keeping")]
    operations = [migrations.RunSQL(HEAD.format(rows=FEW), HEAD.format(rows="public.audit_payload"))]
