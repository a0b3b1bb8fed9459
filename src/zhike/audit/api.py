"""The history over the API, for those who check it from outside."""

from typing import Annotated, Any

from django.http import Http404, HttpResponse
from ninja import Query, Router
from pydantic import Field

from zhike.audit import permissions, proving
from zhike.audit.models import Entry, Head
from zhike.audit.selectors import entries, history, seals
from zhike.audit.selectors.reading import Shown
from zhike.core.access import require
from zhike.core.api.responses import answer, answer_page
from zhike.core.api.schemas import BIGGEST_ID, After, Id, Input, Limit, Moment, Output, PageOf, Text
from zhike.core.http import ActorRequest
from zhike.core.paging import Page

router = Router(tags=["history"])
Number = Annotated[int, Field(ge=1, le=BIGGEST_ID)]
Code = Annotated[Text, Field(max_length=100)]


class EntryOut(Output):
    """One event, or the rows that one statement changed.

    actor_id: null for the system and whoever had not logged in. action: insert, update, delete, truncate, erase, end,
    or an event such as accounts.log_in. record_table, record_ids: the records that it is about, the first 20.
    """

    id: int
    at: Moment
    actor_id: int | None
    actor_name: str
    origin: str
    request_id: str
    action: str
    table: str
    record_table: str
    record_ids: list[int]
    row_count: int


class ChangeOut(Output):
    """One column, for people: as the key sees it, which may be masked."""

    column: str
    label: str
    before: str
    after: str


class RowOut(Output):
    """What an entry did to one row. is_erased: the contents were taken away; the entry is proved all the same."""

    changes: list[ChangeOut]
    reason: str
    is_erased: bool


class EntryDetailOut(EntryOut):
    """rows: the first 20 that the key may see; hidden_records: of how many records it may not. details: what an event
    tells. position, head: where it is sealed; null until then."""

    rows: list[RowOut]
    hidden_records: int
    details: dict[str, str]
    position: int | None
    head: int | None


class HeadOut(Output):
    """A signed state of the history. statement and signature (hexadecimal, Ed25519) are all that a checker needs."""

    number: int
    size: int
    root: str
    sealed_at: Moment
    statement: str
    signature: str


class ProofOut(Output):
    """For `check_proof.py`. row: the contents, where they are the key's to read."""

    format: str
    entry: dict[str, Any]
    path: list[str]
    head: dict[str, Any]
    row: dict[str, Any] | None = None


class SignedOut(Output):
    statement: str
    signature: str


class ConsistencyOut(Output):
    """For `check_proof.py`. old: to be compared with the one that the checker kept. path: as in RFC 6962, 2.1.2."""

    format: str
    old: SignedOut
    path: list[str]
    head: SignedOut


class HistoryIn(Input):
    """person_id 0: the system and whoever had not logged in. record_id goes with the table of its rows."""

    person_id: Annotated[int, Field(ge=0, le=BIGGEST_ID)] | None = None
    action: Code = ""
    table: Code = ""
    record_id: Number | None = None
    request_id: Annotated[Text, Field(max_length=64)] = ""
    since: Moment | None = None
    until: Moment | None = None


class ProofIn(Input):
    """row_id: of an entry about many rows, the one to show. head: the number of the head that the checker has."""

    row_id: Number | None = None
    head: Number | None = None


class ConsistencyIn(Input):
    """head: the number of the newer head; the newest where it is left out."""

    head: Number | None = None


@router.get("/history", response=PageOf[EntryOut], operation_id="list_entries", summary="List the history")
def list_history(request: ActorRequest, where: Query[HistoryIn], limit: Limit = 50, after: After = "") -> HttpResponse:
    """Who did what, the latest first. It needs the permission to see the whole history."""
    asked = history.Asked(
        person=where.person_id,
        since=where.since,
        until=where.until,
        action=where.action,
        table=where.table,
        record=where.record_id,
        request=where.request_id,
    )
    found = history.list_history(actor=request.actor, page=Page(size=limit, after=after), asked=asked)
    return answer_page([_entry(one) for one in found.items], found.next_cursor)


@router.get("/history/{entry_id}", response=EntryDetailOut, operation_id="get_entry", summary="Read an entry")
def get_entry(request: ActorRequest, entry_id: Id) -> HttpResponse:
    """With what it contains, as far as the key may see the records and their fields."""
    try:
        page = entries.get_entry(actor=request.actor, entry_id=entry_id)
    except Entry.DoesNotExist:
        raise Http404 from None
    return answer(
        {
            **_entry(page.entry),
            "rows": [_row(one) for one in page.rows],
            "hidden_records": page.hidden,
            "details": {detail.key: detail.value for detail in page.details},
            "position": page.position,
            "head": page.head,
        }
    )


@router.get("/history/{entry_id}/proof", response=ProofOut, operation_id="prove_entry", summary="Prove an entry")
def prove_entry(request: ActorRequest, entry_id: Id, what: Query[ProofIn]) -> HttpResponse:
    """That the entry is in the history, against the newest head or the one that the checker kept."""
    try:
        entry = entries.find_entry(actor=request.actor, entry_id=entry_id)
    except Entry.DoesNotExist:
        raise Http404 from None
    proof = proving.prove(
        entry_id=entry_id,
        row_id=what.row_id,
        head_number=what.head,
        with_text=entries.reads_text(request.actor, entry, what.row_id),
    )
    return answer(proof)


@router.get("/history-heads", response=PageOf[HeadOut], operation_id="list_heads", summary="List signed heads")
def list_heads(request: ActorRequest, limit: Limit = 50, after: After = "") -> HttpResponse:
    """The newest first: the first one is what an outside checker asks for from time to time and keeps."""
    require(request.actor, permissions.VIEW)
    found = seals.list_heads(page=Page(size=limit, after=after))
    return answer_page([_head(head) for head in found.items], found.next_cursor)


@router.get(
    "/history-heads/{head_number}/consistency",
    response=ConsistencyOut,
    operation_id="prove_consistency",
    summary="Prove that a head goes on from an older one",
)
def prove_consistency(request: ActorRequest, head_number: Id, what: Query[ConsistencyIn]) -> HttpResponse:
    """That nothing before the head of this number was changed, taken out or put between, until the newer head."""
    require(request.actor, permissions.VIEW)
    return answer(proving.prove_consistency(old_number=head_number, new_number=what.head))


def _entry(one: Shown) -> dict[str, Any]:
    return {
        "id": one.number,
        "at": one.at,
        "actor_id": one.actor_id,
        "actor_name": one.who,
        "origin": one.origin_code,
        "request_id": one.request,
        "action": one.code,
        "table": one.table,
        "record_table": one.subject,
        "record_ids": one.record_ids,
        "row_count": one.row_count,
    }


def _row(one: Shown) -> dict[str, Any]:
    changes = [
        {"column": change.column, "label": change.label, "before": change.before, "after": change.after}
        for change in one.changes
    ]
    return {"changes": changes, "reason": one.reason, "is_erased": one.is_erased}


def _head(head: Head) -> dict[str, Any]:
    return {
        "number": head.number,
        "size": head.size,
        "root": bytes(head.root).hex(),
        "sealed_at": head.sealed_at,
        "statement": head.statement,
        "signature": bytes(head.signature).hex(),
    }
