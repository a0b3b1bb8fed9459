"""Reads about customers; rows come back ready to show."""

from zhike.customers.selectors.listing import (
    ListPage,
    count_customers,
    draw_cell,
    find_customers,
    list_customers,
    list_url,
)

__all__ = [
    "ListPage",
    "count_customers",
    "draw_cell",
    "find_customers",
    "list_customers",
    "list_url",
]
