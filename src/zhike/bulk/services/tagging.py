"""Tags of thousands of customers at once."""

from collections.abc import Sequence
from typing import Any

from django.db import connection

from zhike.core.access import array_of
from zhike.customers.models import Tag

_REMOVE = """
    DELETE FROM customers_customertag WHERE customer_id = ANY (%s::bigint[]) AND tag_id = ANY (%s::bigint[])
    RETURNING customer_id, tag_id
"""
ADD = """
    INSERT INTO customers_customertag (customer_id, tag_id)
    SELECT customer, tag FROM unnest(%s::bigint[]) AS customer CROSS JOIN unnest(%s::bigint[]) AS tag
    ON CONFLICT DO NOTHING RETURNING customer_id, id
"""


def put_tags(customer_ids: Sequence[int], *, add: Sequence[str], remove: Sequence[str]) -> dict[int, dict[str, Any]]:
    """Customer to {"added": [row], "removed": [tag]}. The caller holds the customers."""
    made: dict[int, dict[str, Any]] = {pk: {"added": [], "removed": []} for pk in customer_ids}
    if add:
        Tag.objects.bulk_create([Tag(name=name) for name in add], ignore_conflicts=True)
    _run(_REMOVE, customer_ids, remove, made, "removed")
    _run(ADD, customer_ids, add, made, "added")
    return made


def _run(
    query: str, customer_ids: Sequence[int], names: Sequence[str], made: dict[int, dict[str, Any]], part: str
) -> None:
    tags = Tag.objects.filter(name__in=names).values_list("pk", flat=True) if names else ()
    if not tags:
        return
    with connection.cursor() as cursor:
        cursor.execute(query, [array_of(customer_ids), array_of(tags)])
        for customer_id, row in cursor.fetchall():
            made[customer_id][part].append(row)
