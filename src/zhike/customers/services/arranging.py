"""How somebody arranges the panels of a page for themselves."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from django.core.exceptions import PermissionDenied
from django.db import transaction

from zhike.core.actor import Actor
from zhike.core.lists import panels
from zhike.customers.models import PanelArrangement


@dataclass(frozen=True, kw_only=True)
class Arrangement:
    """Keys from the top, and those that are left out."""

    order: Sequence[str] = ()
    hidden: Sequence[str] = ()


def get_arrangement(*, actor: Actor, page: str) -> Arrangement:
    """The actor's own; the page's where they have none."""
    row = PanelArrangement.objects.filter(user=actor.user_id or 0, page=page).first()
    return Arrangement(order=row.order, hidden=row.hidden) if row else Arrangement()


@transaction.atomic
def arrange_panels(*, actor: Actor, page: str, order: Sequence[str], shown: Collection[str]) -> None:
    """Keep the order, and which panels are shown; what is not a panel of the page is forgotten."""
    if actor.user_id is None:
        raise PermissionDenied
    known = panels.list_keys(page)
    kept = [key for key in dict.fromkeys(order) if key in known]
    PanelArrangement.objects.update_or_create(
        user_id=actor.user_id,
        page=page,
        defaults={"order": kept, "hidden": [key for key in kept if key not in shown]},
    )


@transaction.atomic
def reset_panels(*, actor: Actor, page: str) -> None:
    """As the page is by itself."""
    PanelArrangement.objects.filter(user=actor.user_id or 0, page=page).delete()
