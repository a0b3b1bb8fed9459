"""Saved views of the customer list in the search box: one's own, and those that are shown to one."""

from django.utils.translation import gettext_lazy as _

from zhike.accounts.services import saved_views
from zhike.core.finder import Asked, Found, Kind
from zhike.core.named import rank_names
from zhike.customers.kept_views import know_views
from zhike.customers.listing import KEY


def find(asked: Asked) -> list[Found]:
    found = []
    named = saved_views.list_names(actor=asked.actor, page=KEY)
    answering = [pk for pk, name in named if rank_names(asked.folded, [name]) is not None]
    if not answering:
        return []
    views = saved_views.list_views(actor=asked.actor, page=KEY)
    for kept in know_views(actor=asked.actor, views=[view for view in views if view.pk in answering]):
        rank = rank_names(asked.folded, [kept.name])
        if rank is not None:
            found.append(Found(title=kept.name, url=kept.url, rank=rank))
    return found


KIND = Kind(
    key="customers.view",
    label=_("Saved views"),
    icon="bookmark",
    order=50,
    permission="customers.view_customer",
    find=find,
)
