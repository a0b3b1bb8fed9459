"""Reads about customers; rows come back ready to show."""

from zhike.customers.selectors.listing import (
    ListPage,
    count_customers,
    count_exported,
    find_customers,
    iter_customers,
    list_customers,
    list_url,
)

__all__ = [
    "ListPage",
    "count_customers",
    "count_exported",
    "find_customers",
    "iter_customers",
    "list_customers",
    "list_url",
]
