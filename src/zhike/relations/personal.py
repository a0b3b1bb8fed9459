"""What relations hold about people: whom they belong to."""

from typing import Any

from django.utils.translation import gettext_lazy as _

from zhike.core import masking
from zhike.core.personal import Class, Holding, classify, hold
from zhike.customers.models import Customer
from zhike.relations.aspects import aspect_of
from zhike.relations.models import Relation

classify(
    Relation,
    Class.PERSONAL,
    {Class.FREE: ("title", "note"), Class.NONE: ("source",), Class.STAFF: ("created_by",)},
)


def register() -> None:
    for path, order in (("customer", 21), ("other", 22)):
        hold(
            Holding(
                model=Relation,
                path=path,
                label=_("Related people and organisations"),
                order=order,
                is_theirs=False,
                tell=_tell_as_first if path == "customer" else _tell_as_other,
            )
        )


def _tell_as_first(customer_id: int) -> list[dict[str, Any]]:
    return [_told(row, row.other, is_other_end=True) for row in _rows(customer=customer_id)]


def _tell_as_other(customer_id: int) -> list[dict[str, Any]]:
    return [_told(row, row.customer, is_other_end=False) for row in _rows(other=customer_id)]


def _rows(**ends: int) -> Any:
    return Relation.objects.filter(**ends).select_related("customer", "other").order_by("pk")


def _told(row: Relation, far: Customer, *, is_other_end: bool) -> dict[str, Any]:
    """A copy for one person does not name another one in full."""
    is_person = far.kind == Customer.Kind.PERSON
    return {
        "kind": str(aspect_of(row.kind, is_other_end=is_other_end).label),
        "other_id": masking.name(far.name) if is_person else far.name,
        "role": row.role,
        "title": row.title,
        "started_on": row.started_on,
        "ended_on": row.ended_on,
        "note": row.note,
    }
