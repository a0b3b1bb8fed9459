"""What a customer is recognised by in places that know no ids."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import quote

from zhike.core.personal import Traces, list_others
from zhike.customers.models import Customer, Identifier

CHINA = "+86"
SHORTEST = 6  # characters; anything shorter stands in other data by accident
SHORTEST_ADDRESS = 8
_MOBILE = re.compile(r"1[0-9]{10}")
_MANY_SORTS = re.compile(r"[^\W\d_]")
Kind = Identifier.Kind


@dataclass(frozen=True, kw_only=True)
class Known:
    """own: identifiers that nobody else has. shared_count: of the others; a family's phone stays with the family."""

    traces: Traces
    own: Sequence[Identifier]
    shared_count: int


def find_traces(customer: Customer) -> Known:
    """What finds the customer and nobody else; asked while every record can be seen, and every merge is known.

    Under the numbers of whoever was merged into the customer there may be files still, long after their days in the
    recycle bin.
    """
    mine = list(Identifier.objects.filter(customer=customer))
    values = [one.value_normal for one in mine]
    shared = set(
        Identifier.objects.filter(value_normal__in=values)
        .exclude(customer=customer)
        .values_list("value_normal", "kind")
    )
    own = [one for one in mine if (one.value_normal, one.kind) not in shared]
    forms = {form for one in own for form in _forms(one) if len(form) >= SHORTEST}
    names = {customer.name, customer.name_normal}
    if Customer.objects.filter(name_normal=customer.name_normal).exclude(pk=customer.pk).exists():
        names = set()
    else:
        forms |= {quote(name) for name in names if not name.isascii()}
    external = [one for one in own if one.kind == Kind.EXTERNAL]
    cells = {one.value for one in external if len(one.value) >= SHORTEST and _MANY_SORTS.search(one.value)}
    traces = Traces(
        customer_ids=(customer.pk, *list_others(customer.pk)),
        forms=tuple(sorted(forms)),
        names=tuple(sorted(name for name in names if len(name) > 1)),
        cells=tuple(sorted(cells)),
        keys=tuple(sorted((one.system, one.value_normal) for one in external)),
    )
    return Known(traces=traces, own=own, shared_count=len(mine) - len(own))


def _forms(one: Identifier) -> Iterator[str]:
    """How the identifier may be written."""
    if one.kind == Kind.EXTERNAL:
        return
    if one.kind == Kind.ADDRESS and len(one.value) < SHORTEST_ADDRESS:
        return
    yield one.value
    yield one.value_normal
    if one.kind == Kind.PHONE:
        digits = one.value_normal.removeprefix(CHINA).removeprefix("+")
        yield digits
        if _MOBILE.fullmatch(digits):
            for blank in (" ", "-"):
                yield blank.join((digits[:3], digits[3:7], digits[7:]))
