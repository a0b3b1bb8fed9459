"""By what customers stand together in tables, boards and charts, and what adds up."""

from django.db.models import Case, CharField, F, When

from zhike.core.lists.registry import Grouping, Total

# Set by hand speaks first, as in the list's filter.
_RELATIONSHIP = Case(
    When(relationship="", then=F("facts__relationship")), default=F("relationship"), output_field=CharField()
)

GROUPINGS = (
    Grouping(key="stage", of=F("facts__stage")),
    Grouping(key="grade", of=F("facts__grade")),
    Grouping(key="owner", of=F("owner_id"), edit="owner"),
    Grouping(key="relationship", of=_RELATIONSHIP, edit="relationship"),
    Grouping(key="channel", of=F("channel"), edit="channel"),
    Grouping(key="kind", of=F("kind")),
    Grouping(key="province", of=F("province"), edit="province"),
    Grouping(key="city", of=F("city"), edit="city"),
)
SUMS = (Total(key="amount", path="facts__amount"), Total(key="orders", path="facts__order_count", unit="number"))
