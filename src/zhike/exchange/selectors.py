"""Imports as pages and the API show them."""

from zhike.core.actor import Actor
from zhike.core.paging import Page, Rows
from zhike.exchange.models import Import


def list_imports(*, actor: Actor, page: Page) -> Rows[Import]:
    """Newest first."""
    return page.of(Import.objects.visible_to(actor).select_related("owner"), by=("-created_at", "-pk"))


def get_import(*, actor: Actor, import_id: int) -> Import:
    """:raises Import.DoesNotExist: missing, or outside the actor's scope"""
    return Import.objects.visible_to(actor).select_related("owner").get(pk=import_id)
