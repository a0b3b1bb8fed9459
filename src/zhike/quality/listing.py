"""What data quality adds to the customer list: the customers behind a finding."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from zhike.core.actor import Actor
from zhike.core.lists.grammar import FilterInvalid
from zhike.core.lists.operators import Asking, Kind
from zhike.core.lists.registry import Field
from zhike.quality import catalogue
from zhike.quality.models import Finding

KEY = "finding"


def _choices(actor: Actor) -> Sequence[tuple[str, str]]:
    return [(check.key, str(check.label)) for check in catalogue.list_open(actor)]


def _naming(values: Sequence[str]) -> Mapping[str, str]:
    known = catalogue.checks_by_key()
    return {value: str(known[value].label) for value in values if value in known}


def _compile(operator: str, values: list[Any], asking: Asking) -> Q:
    """Which rule found somebody tells of the fields that it looks at, so that one has to read all of them."""
    known = catalogue.checks_by_key()
    for value in values:
        if value not in known or not catalogue.is_open_to(known[value], asking.actor):
            raise FilterInvalid(_("There is no field “%(field)s” to filter by.") % {"field": str(value)[:40]})
    found = Finding.objects.filter(rule__in=values, state=Finding.State.OPEN, customer_id__isnull=False)
    chosen = Q(pk__in=found.values("customer_id"))
    return chosen if operator == "is" else ~chosen


FIELD = Field(
    key=KEY,
    reads=(),
    label=_("Data quality"),
    kind=Kind.CHOICE,
    compile=_compile,
    choices=_choices,
    naming=_naming,
    operators=("is", "not"),
)
