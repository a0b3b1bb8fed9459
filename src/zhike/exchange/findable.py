"""Imported files in the search box, by name."""

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from zhike.core.finder import Asked, Found, Kind
from zhike.core.named import rank_names
from zhike.exchange.models import Import
from zhike.exchange.permissions import VIEW_IMPORT
from zhike.exchange.registry import importable

MOST = 500  # the newest


def find(asked: Asked) -> list[Found]:
    found = []
    rows = Import.objects.visible_to(asked.actor).order_by("-created_at").only("pk", "name", "kind", "created_at")
    for job in rows[:MOST]:
        rank = rank_names(asked.folded, [job.name])
        if rank is not None:
            on = timezone.localtime(job.created_at).date().isoformat()
            detail = f"{importable(job.kind).label} · {on}"
            found.append(Found(title=job.name, detail=detail, url=reverse("show_import", args=[job.pk]), rank=rank))
    return found


KIND = Kind(
    key="exchange.import", label=_("Imported files"), icon="file-import", order=60, permission=VIEW_IMPORT, find=find
)
