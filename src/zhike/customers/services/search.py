"""Keeps what the search box looks through in step with names, identifiers and places."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.db.models import F

from zhike.customers.models import Customer, CustomerSearch, Identifier
from zhike.customers.searching import compose

BATCH = 5000


@dataclass(frozen=True, kw_only=True)
class Findable:
    """What a customer is found by. values: identifiers in normal form."""

    customer_id: int
    name: str
    reading: str
    values: Sequence[str] = ()
    city: str = ""
    province: str = ""


def refresh_search(*, customer_ids: Sequence[int]) -> None:
    """Write the search rows of these customers anew; called by every service that changes what they hold."""
    for start in range(0, len(customer_ids), BATCH):
        keys = customer_ids[start : start + BATCH]
        values: dict[int, list[str]] = defaultdict(list)
        found = Identifier.objects.filter(customer__in=keys).order_by("customer", "pk")
        for customer_id, value in found.values_list("customer_id", "value_normal"):
            values[customer_id].append(value)
        known = Customer.objects.filter(pk__in=keys).values(
            "name", "city", "province", customer_id=F("pk"), reading=F("name_pinyin")
        )
        put_search([Findable(**one, values=values[one["customer_id"]]) for one in known])


def put_search(customers: Iterable[Findable]) -> None:
    """Write search rows from what the caller knows already."""
    rows = []
    for one in customers:
        text, pieces = compose(
            name=one.name, reading=one.reading, values=one.values, city=one.city, province=one.province
        )
        rows.append(CustomerSearch(customer_id=one.customer_id, text=text, grams=pieces))
    CustomerSearch.objects.bulk_create(
        rows, update_conflicts=True, unique_fields=["customer"], update_fields=["text", "grams"]
    )
