"""What imports hold about people: files, refused rows, samples, undo data and staging tables."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from zhike.core import raw_files
from zhike.core.personal import Class, Place, Traces, classify, look_in
from zhike.exchange.files import Reading, Table, open_file
from zhike.exchange.files.without import find_rows, write_without
from zhike.exchange.models import Import, ImportChange, Mapping, UploadVolume
from zhike.exchange.reasons import FileProblem
from zhike.exchange.services import RUNNING, Status
from zhike.exchange.staging import drop_staging

PIECE = 1 << 20
EXTERNAL_IDS = ("external_id", "customer_id")  # codes of fields that hold a customer's id in the source system
LISTS = ("sample", "refused_rows", "kept")

classify(
    Import,
    Class.NONE,
    {
        Class.NONE: (
            *("kind", "path", "sha256", "format", "encoding", "delimiter", "columns", "mapping", "reading", "source"),
            *("currency", "zone", "refused_path", "reserved", "created", "phase"),
        ),
        Class.FREE: ("name", "warnings", "error", *LISTS),
    },
)
classify(ImportChange, Class.PERSONAL, {Class.NONE: ("table",), Class.FREE: ("before",)})
classify(
    Mapping, Class.STAFF, {Class.NONE: ("kind", "signature", "mapping", "source", "currency"), Class.FREE: ("name",)}
)
classify(UploadVolume, Class.STAFF)


def register() -> None:
    lists = _("Samples and refused rows of imports")
    look_in(Place(name="exchange.lists", label=lists, order=10, sweep=sweep_lists, search=None))
    look_in(Place(name="exchange.files", label=_("Imported files"), order=20, sweep=sweep_files, search=search_files))


def sweep_lists(traces: Traces) -> int:
    """Drop the items about the person; the rest of each list stays."""
    count = 0
    for job in _touched(traces):
        for name in LISTS:
            items = getattr(job, name)
            stay = [item for item in items if not _is_about(traces, item)]
            count += len(items) - len(stay)
            setattr(job, name, stay)
        job.save(update_fields=LISTS)
    return count


def _touched(traces: Traces) -> Iterator[Import]:
    for job in Import.objects.only("pk", *LISTS).order_by("pk").iterator(chunk_size=200):
        if any(_is_about(traces, item) for name in LISTS for item in getattr(job, name)):
            yield job


def _is_about(traces: Traces, item: object) -> bool:
    values = item.values() if isinstance(item, dict) else item if isinstance(item, list) else [item]
    return any(traces.are_in(str(value)) for value in values)


def sweep_files(traces: Traces) -> int:
    """Write every file that contains the person anew, without those rows; how many rows went."""
    count = 0
    for path in _files():
        count += _sweep_file(path, traces)
    return count


def search_files(traces: Traces) -> int:
    """Rows about the person, and bytes that spell one of their identifiers."""
    return sum(len(_rows_of(path, traces)[1]) + raw_files.count_in(path, traces.telling) for path in _files())


def _files() -> list[Path]:
    folder = Path(settings.HOME.files_dir)
    return sorted(path for path in folder.rglob("*") if path.is_file())


def _rows_of(path: Path, traces: Traces) -> tuple[Table | None, set[int]]:
    job = _job_of(path)
    try:
        reading = Reading(**job.reading) if job and path == job.file else None
        table = open_file(path, name=job.name if job else path.name, reading=reading)
        keys = _keys(job, traces) if job else {}
        return table, find_rows(table, pattern=traces.pattern or "[^\\s\\S]", forms=traces.forms, keys=keys)
    except FileProblem:
        return None, set()


def _keys(job: Import, traces: Traces) -> dict[str, str]:
    known = [value for system, value in traces.keys if system == job.source]
    return {column: value for column, code in job.mapping.items() if code in EXTERNAL_IDS for value in known}


def _job_of(path: Path) -> Import | None:
    folder = str(path.parent.relative_to(settings.HOME.files_dir))
    return Import.objects.filter(path__startswith=f"{folder}/").first() if folder != "." else None


def _sweep_file(path: Path, traces: Traces) -> int:
    job = _job_of(path)
    if job is not None and job.status in RUNNING:
        return 0  # found by the search afterwards, and swept at the next try
    table, rows = _rows_of(path, traces)
    if table is None or not rows:
        is_plain = table is None or table.format in {"csv", "jsonl"}  # it may stand above the header
        return raw_files.cover_in(path, traces.telling) if is_plain else 0
    draft = path.with_name(f".{path.name}")
    write_without(table, rows, draft)
    draft.replace(path)
    if job is not None and path == job.file:
        _note_contents(job, path)
    return len(rows)


def _note_contents(job: Import, path: Path) -> None:
    """An import that waits for a decision is checked anew, for its rows have other numbers now."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(PIECE):
            digest.update(piece)
    job.sha256, job.size = digest.hexdigest(), path.stat().st_size
    job.save(update_fields=["sha256", "size"])
    if job.merged_at is None:
        drop_staging(job.pk)
        Import.objects.filter(pk=job.pk, status=Status.PREVIEWED).update(status=Status.RECOGNISED, row_count=0)
