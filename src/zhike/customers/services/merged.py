"""What a merge writes into the customers that stay."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from zhike.core.text import pinyin
from zhike.customers import shelf
from zhike.customers.models import Customer
from zhike.customers.normalising import normal_name
from zhike.customers.services.search import refresh_search
from zhike.metadata.kinds import HOLDER

FOLLOWING = ("name_normal", "name_pinyin", "version", "updated_at")


def put_merged(*, changes: Mapping[Customer, Mapping[str, Any]], at: datetime) -> None:
    """Write columns of customers that the caller holds, and make all of these findable by what is theirs now."""
    columns: set[str] = set()
    for customer, values in changes.items():
        if HOLDER in values:
            shelf.keep_what_goes(customer.custom, values[HOLDER], at=at)
        for column, value in values.items():
            setattr(customer, column, value)
        columns |= values.keys()
        customer.name_normal = normal_name(customer.kind, customer.name)
        customer.name_pinyin = pinyin.reading(customer.name, customer.kind)[:400]
        customer.version += 1
        customer.updated_at = at
    Customer.objects.bulk_update(changes, [*sorted(columns), *FOLLOWING], batch_size=500)
    refresh_search(customer_ids=sorted(customer.pk for customer in changes))
