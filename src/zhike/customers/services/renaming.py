"""What follows from names and kinds, for many customers at once."""

from collections.abc import Collection, Sequence

from zhike.core.text import pinyin
from zhike.customers.models import Customer
from zhike.customers.normalising import normal_name
from zhike.customers.searching import FOUND_BY
from zhike.customers.services.search import refresh_search


def refresh_edited(*, customer_ids: Sequence[int], columns: Collection[str]) -> None:
    """Write anew what follows from these columns, in which the customers were changed."""
    if not {"name", "kind"}.isdisjoint(columns):
        refresh_names(customer_ids=customer_ids)
    elif not FOUND_BY.isdisjoint(columns):
        refresh_search(customer_ids=customer_ids)


def refresh_names(*, customer_ids: Sequence[int]) -> None:
    """Write normal forms, readings and search rows anew."""
    rows = list(Customer.objects.filter(pk__in=customer_ids).only("kind", "name"))
    for one in rows:
        one.name_normal = normal_name(one.kind, one.name)
        one.name_pinyin = pinyin.reading(one.name, one.kind)[:400]
    Customer.objects.bulk_update(rows, ["name_normal", "name_pinyin"], batch_size=1000)
    refresh_search(customer_ids=[one.pk for one in rows])
