"""What is remembered of how files were read: what their columns meant, and whose numbers their ids were."""

import hashlib
from collections.abc import Iterable
from datetime import datetime

from django.utils.translation import gettext_lazy as _

from zhike.core.acting import seeing_everything
from zhike.core.actor import Actor
from zhike.core.errors import DomainError
from zhike.exchange.models import Import, Mapping

# Two files with more than half of their columns in common come from the same system, most likely.
ALIKE = 0.5
LOOKED_AT = 50


class MappingUnfit(DomainError):
    code = "mapping_unfit"
    status = 422


def signature(kind: str, columns: Iterable[str]) -> str:
    """What two files with the same columns have in common."""
    return hashlib.sha256("\x1f".join([kind, *sorted(columns)]).encode()).hexdigest()


def get_mapping(*, actor: Actor, kind: str, columns: Iterable[str]) -> Mapping | None:
    """How the actor read files with these columns the last time."""
    return Mapping.objects.filter(owner_id=actor.user_id, kind=kind, signature=signature(kind, columns)).first()


def get_mapping_of(job: Import, *, before: datetime | None = None) -> Mapping | None:
    """The remembered mapping that an import is read by. before: as it was remembered then, not by the import itself."""
    kept = Mapping.objects.filter(owner_id=job.owner_id, kind=job.kind, signature=signature(job.kind, job.columns))
    mapping = (kept.filter(used_at__lt=before) if before else kept).first()
    return mapping if mapping and mapping.mapping == job.mapping else None


def find_mapping(*, actor: Actor, name: str, kind: str, columns: Iterable[str], file: str) -> Mapping:
    """The mapping of that name whose columns the file has, the latest used first. kind: any where empty.

    :raises MappingUnfit: there is none; says which there are, or which columns the file lacks
    """
    there = set(columns)
    named = [mapping for mapping in list_mappings(actor=actor, kind=kind) if mapping.name == name]
    for mapping in named:
        if set(mapping.mapping) <= there:
            return mapping
    if named:
        lacking = " · ".join(column for column in named[0].mapping if column not in there)
        raise MappingUnfit(
            _("The mapping “%(name)s” does not fit %(file)s, which lacks: %(columns)s.")
            % {"name": name, "file": file, "columns": lacking}
        )
    others = " · ".join(dict.fromkeys(mapping.name for mapping in list_mappings(actor=actor, kind=kind)))
    if not others:
        raise MappingUnfit(
            _("There is no mapping “%(name)s”. None has a name yet; give one where columns are matched in the browser.")
            % {"name": name}
        )
    raise MappingUnfit(
        _("There is no mapping “%(name)s”. Remembered are: %(others)s.") % {"name": name, "others": others}
    )


def list_mappings(*, actor: Actor, kind: str) -> list[Mapping]:
    """The named mappings that the actor may use, the latest used first. kind: any where empty."""
    mappings = Mapping.objects.visible_to(actor).exclude(name="").order_by("-used_at", "-pk")
    return list(mappings.filter(kind=kind) if kind else mappings)


def list_sources(*, actor: Actor, kind: str) -> list[str]:
    """The source systems that earlier files of a kind came from, the latest first."""
    return list(dict.fromkeys(job.source for job in _applied(actor, kind)))


def find_source(*, actor: Actor, kind: str, columns: Iterable[str]) -> str:
    """The source of the latest file that had mostly the same columns; empty where there was none."""
    there = set(columns)
    for job in _applied(actor, kind):
        common = there & set(job.columns)
        if len(common) > ALIKE * len(there | set(job.columns)):
            return job.source
    return ""


def remember(job: Import, *, at: datetime, name: str | None = None) -> None:
    """Keep how a file was read. name: kept as it was where None."""
    values = {"mapping": job.mapping, "source": job.source, "currency": job.currency, "used_at": at}
    # It is its owner's, also where somebody else finishes their import.
    with seeing_everything():
        Mapping.objects.update_or_create(
            owner_id=job.owner_id,
            kind=job.kind,
            signature=signature(job.kind, job.columns),
            defaults=values if name is None else {**values, "name": name},
        )


def _applied(actor: Actor, kind: str) -> list[Import]:
    jobs = Import.objects.visible_to(actor).filter(kind=kind, status=Import.Status.APPLIED)
    return list(jobs.only("source", "columns").order_by("-applied_at", "-pk")[:LOOKED_AT])
