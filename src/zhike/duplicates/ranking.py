"""How far each customer's sources are trusted."""

from collections.abc import Collection

from zhike.customers.models import Identifier
from zhike.duplicates.rules import Rules


def ranks_of(customer_ids: Collection[int], rules: Rules) -> dict[int, int]:
    """Of each customer the place of its most trusted source, 0 the first; all alike where no order is set."""
    places = {source: place for place, source in enumerate(rules.sources)}
    ranks = dict.fromkeys(customer_ids, len(places))
    if places:
        rows = Identifier.objects.filter(customer__in=customer_ids).values_list("customer_id", "source", "system")
        for customer_id, source, system in rows:
            best = min(places.get(source, len(places)), places.get(system, len(places)))
            ranks[customer_id] = min(ranks[customer_id], best)
    return ranks
