"""How far the history is sealed, and where its heads are kept outside."""

from dataclasses import dataclass
from datetime import datetime

from zhike.audit import keys, sealing
from zhike.audit.models import Head, Publication, Unsealed
from zhike.audit.permissions import VIEW
from zhike.audit.publishing import list_destinations
from zhike.core.access import require
from zhike.core.actor import Actor
from zhike.core.paging import Page, Rows


@dataclass(frozen=True, kw_only=True)
class PublicationRow:
    """A place outside. problem: why the last attempt failed, empty where it did not. number: the head it has."""

    kind: str
    address: str
    number: int
    delivered_at: datetime | None
    tried_at: datetime | None
    due_at: datetime | None
    failure_count: int
    problem: str
    is_behind: bool

    @property
    def name(self) -> str:
        return f"{self.kind}:{self.address}"


@dataclass(frozen=True, kw_only=True)
class Seals:
    """head: the newest, None before the first. waiting: entries that no head covers yet."""

    head: Head | None
    key: str
    waiting: int
    file: str
    publications: list[PublicationRow]


def get_seals(*, actor: Actor) -> Seals:
    """What somebody who proves or checks entries wants to know."""
    require(actor, VIEW)
    return Seals(
        head=newest_head(),
        key=keys.public_key(),
        waiting=Unsealed.objects.count(),
        file=str(sealing.heads_file()),
        publications=list_publications(),
    )


def newest_head() -> Head | None:
    return Head.objects.order_by("-number").first()


def list_heads(*, page: Page) -> Rows[Head]:
    """Signed heads, the newest first."""
    return page.of(Head.objects.all(), by=("-number",))


def list_publications() -> list[PublicationRow]:
    """The places of the settings, with what became of the last attempt."""
    head = newest_head()
    known = {state.destination: state for state in Publication.objects.all()}
    found = []
    for destination in list_destinations():
        state = known.get(destination.name, Publication(destination=destination.name))
        found.append(
            PublicationRow(
                kind=destination.kind,
                address=destination.address,
                number=state.number,
                delivered_at=state.delivered_at,
                tried_at=state.tried_at,
                due_at=state.due_at,
                failure_count=state.failure_count,
                problem=state.problem,
                is_behind=head is not None and state.number != head.number,
            )
        )
    return found
