"""An import as the wizard shows it: where it stands, what comes next, what was refused and why."""

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from zhike.core.fields import COVERED
from zhike.exchange.models import Import
from zhike.exchange.reasons import describe
from zhike.exchange.registry import importable
from zhike.ui.badges import Tone
from zhike.ui.parts import Step

Status = Import.Status
OPEN = {Status.UPLOADED, Status.RECOGNISED, Status.CANCELLED, Status.FAILED}
RUNNING = {Status.STAGING, Status.APPLYING, Status.UNDOING}
OVER = {Status.APPLIED, Status.UNDONE, Status.UNDOING}


@dataclass(frozen=True, kw_only=True)
class Mark:
    icon: str
    tone: Tone


MARKS = {
    Status.UPLOADED: Mark(icon="file", tone="plain"),
    Status.RECOGNISED: Mark(icon="columns", tone="info"),
    Status.STAGING: Mark(icon="loader", tone="info"),
    Status.PREVIEWED: Mark(icon="list-check", tone="info"),
    Status.APPLYING: Mark(icon="loader", tone="info"),
    Status.APPLIED: Mark(icon="circle-check", tone="good"),
    Status.CANCELLED: Mark(icon="circle-off", tone="plain"),
    Status.FAILED: Mark(icon="alert-circle", tone="bad"),
    Status.UNDOING: Mark(icon="loader", tone="warn"),
    Status.UNDONE: Mark(icon="arrow-back-up", tone="plain"),
}
PHASES: dict[str, str | Promise] = {
    "staging": _("Reading the file"),
    "matching": _("Comparing with existing records"),
    "reserving": _("Preparing to write"),
    "merging": _("Writing records"),
    "indexing": _("Building the search index"),
    "finishing": _("Finishing"),
    "undoing": _("Taking the import back"),
}


@dataclass(frozen=True)
class RefusedRow:
    """A row of the file that was not taken. row: its number as a person counts."""

    row: int
    column: str
    value: str
    reason: str


@dataclass(frozen=True)
class Outline:
    """An import in one line: what it brings, how it stands."""

    job: Import
    kind: str | Promise
    state: str | Promise
    mark: Mark

    @classmethod
    def of(cls, job: Import) -> "Outline":
        return cls(job, importable(job.kind).label, job.get_status_display(), MARKS[Status(job.status)])


def is_running(job: Import) -> bool:
    return job.status in RUNNING


def is_open(job: Import) -> bool:
    """Whether the columns can still be chosen."""
    return job.status in OPEN and job.merged_at is None


def phase_label(job: Import) -> str | Promise:
    return PHASES.get(job.phase, _("Waiting for its turn"))


CREATED_LABELS: dict[str, str | Promise] = {
    "customers": _("Customers created"),
    "identifiers": _("Phones, e-mails and ids created"),
    "orders": _("Orders created"),
    "lines": _("Order lines created"),
    "products": _("Products created"),
    "tags": _("Tags created"),
    "id_numbers": _("ID numbers kept, encrypted"),
    "sealed_values": _("Values of other fields kept, encrypted"),
}


@dataclass(frozen=True)
class Made:
    """How many records of a kind the import made."""

    label: str | Promise
    count: int


def list_made(job: Import) -> list[Made]:
    return [Made(CREATED_LABELS.get(key, key), count) for key, count in job.created.items() if count]


def progress_detail(job: Import) -> str:
    if not job.total:
        return ""
    return _("Row %(done)s of %(total)s") % {"done": f"{job.done:,}", "total": f"{job.total:,}"}


def wizard_steps(job: Import) -> list[Step]:
    """Choose, map, check, done."""
    labels = [_("Choose a file"), _("Match columns"), _("Check"), _("Done")]
    current = 1
    if job.status in {Status.STAGING, Status.PREVIEWED, Status.APPLYING}:
        current = 2
    if job.status in OVER or job.merged_at:
        current = 3
    return [
        Step(label=label, state="done" if place < current else "current" if place == current else "ahead")
        for place, label in enumerate(labels)
    ]


def list_refused(job: Import, *, is_open: bool = True) -> list[RefusedRow]:
    """The first refused rows with their reasons. is_open: false for who may not see what stands in the file."""
    return [
        RefusedRow(
            kept["row"],
            kept["column"] or "",
            kept["value"] or "",
            describe(**{name: kept[name] or "" for name in ("column", "value", "expected")}, code=kept["reason"]),
        )
        for kept in (job.refused_rows if is_open else [{**one, "value": COVERED} for one in job.refused_rows])
    ]
