"""Imports as pages and the API show them."""

from zhike.core.actor import Actor
from zhike.core.paging import Page, Rows
from zhike.exchange.models import Import, Mapping


def list_imports(*, actor: Actor, page: Page) -> Rows[Import]:
    """Newest first."""
    return page.of(Import.objects.visible_to(actor).select_related("owner"), by=("-created_at", "-pk"))


def get_import(*, actor: Actor, import_id: int) -> Import:
    """:raises Import.DoesNotExist: missing, or outside the actor's scope"""
    return Import.objects.visible_to(actor).select_related("owner").get(pk=import_id)


def list_mappings(*, actor: Actor, kind: str) -> list[Mapping]:
    """The actor's named mappings for a kind, the latest used first."""
    return list(Mapping.objects.filter(owner_id=actor.user_id, kind=kind).exclude(name="").order_by("-used_at"))
