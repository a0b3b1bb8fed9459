"""The customer list: what it can be filtered by, ordered by and show. Upper apps add to it by its key."""

from functools import partial

from zhike.core.lists import registry
from zhike.core.lists.registry import List
from zhike.customers.guarded import RECORD
from zhike.customers.models import Customer
from zhike.metadata.listing import parts_of

KEY = "customers"


def define() -> List:
    """Register the list; called once when the app is ready."""
    from zhike.customers.listing import follow_ups
    from zhike.customers.listing.columns import COLUMNS
    from zhike.customers.listing.fields import FIELDS
    from zhike.customers.listing.groupings import GROUPINGS, SUMS
    from zhike.customers.listing.sorts import SORTS

    found = registry.define(KEY, Customer)
    found.add(*FIELDS, *follow_ups.FIELDS, *SORTS, *COLUMNS, *GROUPINGS, *SUMS)
    found.source = partial(parts_of, RECORD)
    return found
