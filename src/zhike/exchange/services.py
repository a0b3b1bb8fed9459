"""Decisions about files: take one in, read it so, check it, apply it, stop it, take it back.

`preview_import`, `apply_import` and `undo_import` do the work in this process and return when it is done (the command
line, tasks, tests); pages and the API call `request_preview`, `request_apply` and `request_undo`, which queue it.
"""

import hashlib
import shutil
import uuid
from collections.abc import Mapping as Dictionary
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import IO, Protocol

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext_lazy as _
from procrastinate.contrib.django import app

from zhike.core.access import require
from zhike.core.actor import Actor
from zhike.core.errors import DomainError
from zhike.core.masking import id_numbers_within
from zhike.core.money import is_currency
from zhike.core.scanning import check_file
from zhike.exchange import engine, mappings
from zhike.exchange.fields import Field
from zhike.exchange.files import Reading, Table, open_file
from zhike.exchange.mappings import MappingUnfit
from zhike.exchange.models import Import
from zhike.exchange.own_fields import warn_of_files
from zhike.exchange.progress import Listener
from zhike.exchange.recognition import recognise
from zhike.exchange.registry import importable, list_importables
from zhike.exchange.staging import drop_staging
from zhike.exchange.uploads import FileTooLarge
from zhike.metadata.selectors import remembering

IMPORT_FILE = "exchange.import_file"
FOLDER = "imports"
PIECE = 1 << 20
SHOWN, SHOWN_ROWS = 60, 4  # of the sample: characters a cell, rows
Status = Import.Status
RUNNING = (Status.STAGING, Status.APPLYING, Status.UNDOING)


class Work(Protocol):
    """What `preview_import`, `apply_import`, `undo_import` and `resume_import` have in common."""

    def __call__(self, *, actor: Actor, import_id: int, at: datetime, listener: Listener | None) -> Import: ...


class ImportNotReady(DomainError):
    """The import is in a state that does not allow this."""

    code = "import_not_ready"


def start_import(
    *,
    actor: Actor,
    file: Path | IO[bytes],
    name: str,
    at: datetime,
    kind: str = "",
    source: str = "",
    currency: str = "",
    mapping_name: str = "",
    reading: Reading | None = None,
    is_looked_at: bool = False,
) -> Import:
    """Take a file in and recognise its columns.

    kind: guessed where empty. source: the system its ids belong to; where empty, the one that a file with the same
    columns had the last time, else the file's name. mapping_name: a remembered mapping to use. is_looked_at: somebody
    is asked about the source, so that of the last file with mostly the same columns may be proposed.

    :raises PermissionDenied: the actor may not import, or not this kind
    :raises FileTooLarge: over the limit for uploads
    :raises MappingUnfit: there is no mapping of that name, or none that fits
    :raises FileProblem: it cannot be read
    :raises zhike.core.scanning.FileInfected: the virus scanner found something
    :raises zhike.core.scanning.ScannerUnavailable: there is one, and it does not answer
    """
    require(actor, IMPORT_FILE)
    # Marks that turn the direction of a text around make "gpj.exe" out of "exe.jpg".
    name = "".join(letter for letter in name if letter.isprintable()) or "upload"
    path, sha256, size = _store(file, name)
    try:
        check_file(Path(settings.HOME.files_dir) / path, name=name)
        table = open_file(Path(settings.HOME.files_dir) / path, name=name, reading=reading)
        with remembering():
            job = _recognised(actor, table, kind=kind, source=source, currency=currency, mapping_name=mapping_name)
        if is_looked_at and not (source or mappings.get_mapping(actor=actor, kind=job.kind, columns=job.columns)):
            job.source = mappings.find_source(actor=actor, kind=job.kind, columns=job.columns) or job.source
    except DomainError:
        shutil.rmtree((Path(settings.HOME.files_dir) / path).parent)
        raise
    _require_kind(actor, job.kind)
    job.name, job.path, job.sha256, job.size, job.created_at = name, path, sha256, size, at
    job.reading = {key: value for key, value in vars(reading).items() if value is not None} if reading else {}
    job.owner_id, job.team_id = actor.user_id, actor.team_id
    job.save()
    return job


def put_mapping(
    *,
    actor: Actor,
    import_id: int,
    mapping: Dictionary[str, str],
    at: datetime,
    source: str = "",
    currency: str = "",
    zone: str = "",
    name: str | None = None,
) -> Import:
    """Say what the columns mean, and remember it for files with the same columns.

    mapping: column to field code; columns left out are not imported. name: what to remember it as; nothing takes a
    name away. The rest is kept where empty, the name where None.

    :raises MappingUnfit: an unknown column or field, or a required field without a column
    :raises ImportNotReady: the import is running or done
    """
    job = _own(actor, import_id)
    if job.status not in {Status.RECOGNISED, Status.PREVIEWED, Status.FAILED, Status.CANCELLED} or job.merged_at:
        raise ImportNotReady(_("The columns can be changed only before the import is applied."))
    _check_mapping(actor, job, mapping)
    job.mapping = dict(mapping)
    job.source, job.currency, job.zone = source or job.source, currency or job.currency, zone or job.zone
    if not is_currency(job.currency):
        raise MappingUnfit(_("“%(code)s” is not a currency code.") % {"code": job.currency})
    with transaction.atomic():
        job.status, job.row_count = Status.RECOGNISED, 0
        known = {field.code: field for field in importable(job.kind).fields}
        secret = {column: known[code] for column, code in mapping.items() if known[code].is_secret}
        job.sample = _sample_rows(job.sample, job.columns, secret)
        job.save(update_fields=["sample", "mapping", "source", "currency", "zone", "status", "row_count"])
        drop_staging(job.pk)
        mappings.remember(job, at=at, name=name)
    return job


def preview_import(*, actor: Actor, import_id: int, at: datetime, listener: Listener | None = None) -> Import:
    """Count what the import would do, row by row, without writing any record.

    :raises MappingUnfit: a required field has no column
    :raises ImportBusy: another process works on it
    :raises ImportCancelled: it was cancelled
    """
    job = _own(actor, import_id)
    if job.merged_at or job.status in {Status.UNDOING, Status.UNDONE}:
        raise ImportNotReady(_("This import has been applied already."))
    _check_mapping(actor, job, job.mapping)
    with engine.working(job, actor=actor, at=at, status=Status.STAGING, listener=listener) as run:
        engine.preview(run)
    return job


def apply_import(*, actor: Actor, import_id: int, at: datetime, listener: Listener | None = None) -> Import:
    """Write the file's records, all or nothing; goes on where an interrupted run stopped.

    :raises MappingUnfit: a required field has no column
    :raises ImportBusy: another process works on it
    :raises ImportCancelled: it was cancelled; no record was written
    """
    job = _own(actor, import_id)
    if job.status in {Status.APPLIED, Status.UNDOING, Status.UNDONE}:
        raise ImportNotReady(_("This import has been applied already."))
    if job.merged_at is None:
        _check_mapping(actor, job, job.mapping)
    with engine.working(job, actor=actor, at=at, status=Status.APPLYING, listener=listener) as run:
        engine.apply(run)
    mappings.remember(job, at=at)
    return job


def undo_import(*, actor: Actor, import_id: int, at: datetime, listener: Listener | None = None) -> Import:
    """Delete what the import made and restore what it changed, except for what was edited since.

    :raises ImportNotReady: it was not applied
    :raises ImportBusy: another process works on it
    """
    job = _own(actor, import_id)
    if job.status not in {Status.APPLIED, Status.UNDOING} and not (job.status == Status.FAILED and job.applied_at):
        raise ImportNotReady(_("Only an applied import can be undone."))
    with engine.working(job, actor=actor, at=at, status=Status.UNDOING, listener=listener) as run:
        engine.undo(run)
    return job


def resume_import(*, actor: Actor, import_id: int, at: datetime, listener: Listener | None = None) -> Import:
    """Go on with an import that was interrupted, cancelled or failed; one that waits for a decision stays as it is."""
    job = _own(actor, import_id)
    if job.status == Status.STAGING:
        return preview_import(actor=actor, import_id=import_id, at=at, listener=listener)
    if job.status == Status.UNDOING or (job.status == Status.FAILED and job.applied_at):
        return undo_import(actor=actor, import_id=import_id, at=at, listener=listener)
    if job.status in {Status.APPLYING, Status.CANCELLED, Status.FAILED}:
        return apply_import(actor=actor, import_id=import_id, at=at, listener=listener)
    return job


def cancel_import(*, actor: Actor, import_id: int, at: datetime) -> Import:
    """Stop an import: at once where nobody works on it, else within about a second.

    :raises ImportNotReady: it is applied already
    """
    job = _own(actor, import_id)
    if job.merged_at:
        raise ImportNotReady(_("This import has been applied already; it can be undone."))
    with transaction.atomic():
        if job.status in RUNNING:
            Import.objects.filter(pk=job.pk).update(is_cancel_requested=True)
        else:
            Import.objects.filter(pk=job.pk).update(status=Status.CANCELLED)
            drop_staging(job.pk)
    job.refresh_from_db()
    return job


def request_preview(*, actor: Actor, import_id: int) -> Import:
    """Queue `preview_import` for the worker."""
    return _request(actor, import_id, "exchange.preview_import", Status.STAGING)


def request_apply(*, actor: Actor, import_id: int) -> Import:
    """Queue `apply_import` for the worker."""
    return _request(actor, import_id, "exchange.apply_import", Status.APPLYING)


def request_undo(*, actor: Actor, import_id: int) -> Import:
    """Queue `undo_import` for the worker."""
    return _request(actor, import_id, "exchange.undo_import", Status.UNDOING)


@transaction.atomic
def _request(actor: Actor, import_id: int, work: str, status: Status) -> Import:
    job = _own(actor, import_id)
    allowed = {Status.UNDOING: {Status.APPLIED}}.get(
        status, {Status.RECOGNISED, Status.PREVIEWED, Status.CANCELLED, Status.FAILED}
    )
    if status != Status.UNDOING:
        _check_mapping(actor, job, job.mapping)
    if not Import.objects.filter(pk=job.pk, status__in=allowed).update(status=status, is_cancel_requested=False):
        raise ImportNotReady(_("This import is being worked on, or done already."))
    # By name, because tasks call services.
    app.configure_task(work, allow_unknown=False).defer(import_id=job.pk, user_id=actor.user_id)
    job.refresh_from_db()
    return job


def _own(actor: Actor, import_id: int) -> Import:
    require(actor, IMPORT_FILE)
    job = Import.objects.visible_to(actor).get(pk=import_id)
    _require_kind(actor, job.kind)
    return job


def _require_kind(actor: Actor, kind: str) -> None:
    for permission in importable(kind).permissions:
        require(actor, permission)


def _check_mapping(actor: Actor, job: Import, mapping: Dictionary[str, str]) -> None:
    kind = importable(job.kind)
    fields = {field.code: field for field in kind.fields}
    for column, code in mapping.items():
        if column not in job.columns:
            raise MappingUnfit(_("The file has no column “%(name)s”.") % {"name": column})
        if code not in fields:
            raise MappingUnfit(_("There is no field “%(name)s”.") % {"name": code})
        if not kind.may_write(actor, code):
            raise MappingUnfit(_("Your role may not change “%(field)s”.") % {"field": fields[code].label})
    for code, field in fields.items():
        if field.required and code not in mapping.values():
            said = {"file": job.name, "name": field.label}
            raise MappingUnfit(_("%(file)s: choose the column for “%(name)s”.") % said)


def _recognised(actor: Actor, table: Table, *, kind: str, source: str, currency: str, mapping_name: str) -> Import:
    sample, columns = table.sample(), list(table.columns)
    remembered = None
    if mapping_name:
        remembered = mappings.find_mapping(actor=actor, name=mapping_name, kind=kind, columns=columns, file=table.name)
        kind = remembered.kind
    kinds = {item.kind: item.fields for item in list_importables()}
    found = recognise(sample, {kind: importable(kind).fields} if kind else kinds)
    remembered = remembered or mappings.get_mapping(actor=actor, kind=found.kind, columns=columns)
    of_kind = importable(found.kind)
    meant = [(match.column, match.field) for match in found.matches]
    known = {field.code: field for field in of_kind.fields}
    # A field that was remembered may be archived by now.
    former = [(column, code) for column, code in remembered.mapping.items() if code in known] if remembered else []
    secret = {column: known[code] for column, code in [*meant, *former] if known[code].is_secret}
    return Import(
        kind=found.kind,
        format=table.format,
        encoding=table.encoding,
        delimiter=table.delimiter,
        columns=columns,
        sample=_sample_rows(sample.select(columns).head(SHOWN_ROWS).rows(), columns, secret),
        warnings=[*table.warnings, *warn_of_files([one for one in columns if one not in dict(meant)])],
        mapping={column: code for column, code in (former if remembered else meant) if of_kind.may_write(actor, code)},
        source=source or (remembered.source if remembered else Path(table.name).stem[:50]) or "file",
        currency=currency or (remembered.currency if remembered else settings.COMPANY_CURRENCY),
        zone=settings.TIME_ZONE,
        is_day_first=found.day_first,
        status=Status.RECOGNISED,
    )


def _sample_rows(
    rows: Sequence[Sequence[str | None]], columns: list[str], secret: Dictionary[str, Field]
) -> list[list[str]]:
    """As they are kept in the database: what an encrypted field will hold is masked, valid or not."""
    return [
        [
            secret[column].cover(cell or "") if column in secret else id_numbers_within((cell or "")[:SHOWN])
            for column, cell in zip(columns, row, strict=True)
        ]
        for row in rows
    ]


def _store(file: Path | IO[bytes], name: str) -> tuple[str, str, int]:
    """Copy the upload below the home, piece by piece; its path there, digest and size."""
    if isinstance(file, Path) and file.stat().st_size > settings.UPLOAD_MAX_BYTES:
        raise FileTooLarge(name)
    folder = Path(settings.HOME.files_dir) / FOLDER / uuid.uuid4().hex
    folder.mkdir(parents=True, mode=0o700)
    target = folder / f"original{Path(name).suffix[:10]}"
    digest, size = hashlib.sha256(), 0
    source = file.open("rb") if isinstance(file, Path) else file
    try:
        with source, target.open("wb") as copy:
            while piece := source.read(PIECE):
                size += len(piece)
                if size > settings.UPLOAD_MAX_BYTES:
                    raise FileTooLarge(name)
                digest.update(piece)
                copy.write(piece)
    except (FileTooLarge, OSError):
        shutil.rmtree(folder)
        raise
    return str(target.relative_to(settings.HOME.files_dir)), digest.hexdigest(), size
