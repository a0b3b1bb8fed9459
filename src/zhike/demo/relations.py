"""Who belongs to whom among the company's customers."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from zhike.customers.models import Customer
from zhike.demo.plan import Plan

ORGANISATIONS = 9
# Title and role of those who work there, in the order in which they are made.
CONTACTS = (("行政总监", "decider"), ("采购经理", "buyer"), ("行政专员", "user"), ("前台主管", "gatekeeper"))
OF_ONE_GROUP = 3
HOUSEHOLDS = REFERRALS = 5


@dataclass(frozen=True, kw_only=True)
class Planned:
    """What one customer is to another, as `relations.services` takes it."""

    customer_id: int
    other_id: int
    aspect: str
    details: dict[str, Any] = field(default_factory=dict)


def iter_relations(plan: Plan) -> Iterator[Planned]:
    """Groups of companies with the people who buy for them, their households, and who brought whom."""
    keys = {
        kind: list(Customer.objects.filter(kind=kind).order_by("pk").values_list("pk", flat=True)[:most])
        for kind, most in (("organisation", ORGANISATIONS), ("person", ORGANISATIONS * len(CONTACTS) + 2 * HOUSEHOLDS))
    }
    companies, people = keys["organisation"], iter(keys["person"])
    since = plan.end_on - timedelta(days=900)
    for place, company in enumerate(companies):
        head = companies[place - place % OF_ONE_GROUP]
        if company != head:
            yield Planned(customer_id=company, other_id=head, aspect="parent")
        # Of some companies it is not known who decides.
        for title, role in CONTACTS[place % 2 :]:
            if (person := next(people, None)) is not None:
                details = {"title": title, "role": role, "started_on": since + timedelta(days=30 * place)}
                yield Planned(customer_id=company, other_id=person, aspect="contact", details=details)
    persons = keys["person"]
    for one, other in zip(persons[:HOUSEHOLDS], reversed(persons[-HOUSEHOLDS:]), strict=False):
        if one < other:
            yield Planned(customer_id=one, other_id=other, aspect="household", details={"title": "配偶"})
    for one, other in zip(persons[:REFERRALS], persons[REFERRALS : 2 * REFERRALS], strict=False):
        yield Planned(customer_id=one, other_id=other, aspect="referred")
