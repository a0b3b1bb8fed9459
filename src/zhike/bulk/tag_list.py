"""The list of tags with how many customers have each."""

from dataclasses import dataclass

from django.db import connection
from django.db.models import Q

from zhike.bulk.models import TagRemoval
from zhike.core.access import array_of
from zhike.core.paging import Count, Page, Rows
from zhike.customers.models import Tag
from zhike.customers.selectors.listing import list_url

CEILING = 1_000
_COUNT = """
    SELECT wanted, (SELECT count(*) FROM (SELECT FROM customers_customertag WHERE tag_id = wanted LIMIT %s) AS few)
    FROM unnest(%s::bigint[]) AS wanted
"""
RECENT = 5


@dataclass(frozen=True, kw_only=True)
class TagRow:
    """A tag. count: customers with it whom the reader sees; url: their list."""

    tag: Tag
    count: Count
    url: str


def page_tags(*, search: str, page: Page) -> Rows[TagRow]:
    """By name. Counted under the policies of whoever acts.

    :raises zhike.core.paging.CursorInvalid: the cursor does not fit
    """
    rows = Tag.objects.filter(Q(name__icontains=search.strip()) if search.strip() else Q())
    found = page.of(rows, by=("name", "pk"))
    with connection.cursor() as cursor:
        cursor.execute(_COUNT, [CEILING + 1, array_of(tag.pk for tag in found.items)])
        counts = {tag: Count(min(count, CEILING), count > CEILING) for tag, count in cursor.fetchall()}
    return Rows(
        items=[TagRow(tag=tag, count=counts[tag.pk], url=list_url(tag=tag.pk)) for tag in found.items],
        next_cursor=found.next_cursor,
    )


def count_tags(*, search: str) -> int:
    rows = Tag.objects.all()
    return rows.filter(name__icontains=search.strip()).count() if search.strip() else rows.count()


def list_removals() -> list[TagRemoval]:
    """The latest that can be taken back."""
    rows = TagRemoval.objects.filter(undone_at=None).select_related("into", "removed_by")
    return list(rows.defer("customer_ids", "added_ids").order_by("-pk")[:RECENT])
