"""Imports as pages and the API show them."""

from pathlib import Path

from django.core.exceptions import PermissionDenied

from zhike.core.actor import Actor
from zhike.core.fields import COVERED
from zhike.core.paging import Page, Rows
from zhike.exchange.models import Import
from zhike.exchange.registry import importable


def list_imports(*, actor: Actor, page: Page) -> Rows[Import]:
    """Newest first."""
    return page.of(Import.objects.visible_to(actor).select_related("owner"), by=("-created_at", "-pk"))


def shows_contents(*, actor: Actor, job: Import) -> bool:
    """Whether the actor may see what stands in the file: whose file it is, and who may see all that it can hold."""
    return job.owner_id == actor.user_id or importable(job.kind).may_read_all(actor, job.mapping.values())


def list_kept(*, actor: Actor, job: Import) -> list[dict[str, object]]:
    """What an undo left alone, with the names of records as far as the actor sees them."""
    if importable(job.kind).may_read_all(actor, job.mapping.values()):
        return list(job.kept)
    return [{**one, "label": COVERED} for one in job.kept]


def get_refused_file(*, actor: Actor, job: Import) -> Path:
    """The refused rows as they came.

    :raises Import.DoesNotExist: there are none
    :raises PermissionDenied: the file may hold what the actor does not see
    """
    if job.refused_file is None or not job.refused_file.exists():
        raise Import.DoesNotExist(job.pk)
    if not shows_contents(actor=actor, job=job):
        raise PermissionDenied
    return job.refused_file


def get_import(*, actor: Actor, import_id: int) -> Import:
    """:raises Import.DoesNotExist: missing, or outside the actor's scope"""
    return Import.objects.visible_to(actor).select_related("owner").get(pk=import_id)
