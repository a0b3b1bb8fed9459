"""Who asks, and how they read figures."""

from django.conf import settings
from django.utils import timezone, translation

from zhike.core.http import ActorRequest
from zhike.core.lists.operators import Asking
from zhike.customers.cells import Style


def asking_of(request: ActorRequest) -> Asking:
    return Asking(actor=request.actor, now=timezone.now(), zone=timezone.get_current_timezone())


def style_of(asking: Asking) -> Style:
    return Style(
        language=translation.get_language() or "zh-hans",
        zone=asking.zone,
        now=asking.now,
        currency=settings.COMPANY_CURRENCY,
    )
