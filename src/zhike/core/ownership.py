"""Which records belong to somebody, told by the apps that hold them: for handing them over when their owner leaves."""

from dataclasses import dataclass

from django.db.models import Model
from django.utils.functional import Promise


@dataclass(frozen=True, kw_only=True)
class Owned:
    """A kind of record with columns owner_id and team_id. counts_edits: it also has version and updated_at."""

    kind: str
    label: str | Promise
    model: type[Model]
    counts_edits: bool = False


_owned: dict[str, Owned] = {}


def register(owned: Owned) -> None:
    """Add a kind; called in an app's `ready`."""
    _owned[owned.kind] = owned


def list_owned() -> list[Owned]:
    return [_owned[kind] for kind in sorted(_owned)]
