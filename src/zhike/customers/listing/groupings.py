"""By what customers stand together in tables, boards and charts, and what adds up."""

from django.db.models import Case, CharField, Count, F, When
from django.db.models.functions import TruncMonth

from zhike.core.acting import seeing_everything
from zhike.core.lists.registry import Grouping, Total
from zhike.customers.models import CustomerTag

# Set by hand speaks first, as in the list's filter.
_RELATIONSHIP = Case(
    When(relationship="", then=F("facts__relationship")), default=F("relationship"), output_field=CharField()
)


def _most_used() -> list[str]:
    with seeing_everything():
        counted = CustomerTag.objects.order_by().values("tag").annotate(count=Count("*"))
        return [str(tag) for tag in counted.order_by("-count", "tag").values_list("tag", flat=True)]


GROUPINGS = (
    Grouping(key="stage", of=F("facts__stage")),
    Grouping(key="grade", of=F("facts__grade")),
    Grouping(key="owner", of=F("owner_id"), edit="owner"),
    Grouping(key="team", of=F("team_id"), edit="team", operator="only"),
    Grouping(key="tag", of=F("customer_tags__tag_id"), edit="tags", is_many=True, likely=_most_used),
    Grouping(key="relationship", of=_RELATIONSHIP, edit="relationship"),
    Grouping(key="channel", of=F("channel"), edit="channel"),
    Grouping(key="kind", of=F("kind")),
    # Moving a card changes one field, and these two have to fit each other.
    Grouping(key="province", of=F("province")),
    Grouping(key="city", of=F("city")),
    Grouping(key="last_order", of=TruncMonth("facts__last_order_on"), is_monthly=True),
    Grouping(key="first_order", of=TruncMonth("facts__first_order_on"), is_monthly=True),
    Grouping(key="created", of=lambda asking: TruncMonth("created_at", tzinfo=asking.zone), is_monthly=True),
)
SUMS = (Total(key="amount", of="facts__amount"), Total(key="orders", of="facts__order_count", unit="number"))
