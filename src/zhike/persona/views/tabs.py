"""What the pages have in common."""

from django.urls import reverse
from django.utils.translation import gettext as _

from zhike.core.actor import Actor
from zhike.customers.permissions import MANAGE_TAGS
from zhike.ui.parts import Tab


def tabs(actor: Actor, current: str) -> list[Tab]:
    """None where there is but one page to see."""
    if not actor.may(MANAGE_TAGS):
        return []
    return [
        Tab(label=_("Portrait"), url=reverse("persona"), is_current=current == "persona"),
        Tab(label=_("Tags by rule"), url=reverse("tag_rules"), is_current=current == "tag_rules"),
    ]
