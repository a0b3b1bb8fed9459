"""The queue of possible duplicates over the API: what was found, what is said about it, and looking again."""

from typing import Any, Literal

from django.http import HttpResponse
from django.utils import timezone
from ninja import Router

from zhike.accounts.idempotency import idempotent
from zhike.core.access import require
from zhike.core.api.responses import answer, answer_page
from zhike.core.api.schemas import After, Id, Limit, Moment, Output, PageOf
from zhike.core.http import ActorRequest
from zhike.core.paging import Page
from zhike.duplicates.models import Pair, Scan
from zhike.duplicates.permissions import MERGE
from zhike.duplicates.selectors import pairs
from zhike.duplicates.services import deciding, scanning

router = Router(tags=["duplicates"])


class PairOut(Output):
    """Two customers who may be the same. probability: that they are, by the model of the scan, 0 to 1.

    evidence: field to what it says, in bits, positive for the same; only of fields that the key reads.
    """

    id: int
    customer_ids: list[int]
    probability: float
    evidence: dict[str, float]
    state: Literal["open", "distinct"]


class ScanOut(Output):
    """A look at all customers. pairs: found in it, with those decided before."""

    id: int
    step: str
    started_at: Moment
    finished_at: Moment | None
    customers: int
    pairs: int
    merged: int


@router.get("/duplicates", response=PageOf[PairOut], operation_id="list_duplicates", summary="List possible duplicates")
def list_duplicates(request: ActorRequest, limit: Limit = 50, after: After = "") -> HttpResponse:
    """Pairs that nobody has decided about, the likeliest first; those of which the key sees both customers."""
    require(request.actor, MERGE)
    found = pairs.list_open(actor=request.actor, page=Page(size=limit, after=after))
    return answer_page([_shown(request, one) for one in found.items], found.next_cursor)


@router.post(
    "/duplicates/{pair_id}/tell-apart",
    response=PairOut,
    operation_id="tell_apart",
    summary="Say that two are not the same",
)
@idempotent
def tell_apart(request: ActorRequest, pair_id: Id) -> HttpResponse:
    """Remembered by later scans, and by merges. To say that they are the same, merge them."""
    return answer(_shown(request, deciding.tell_apart(actor=request.actor, pair_id=pair_id, at=timezone.now())))


@router.post("/duplicates/{pair_id}/open", response=PairOut, operation_id="open_pair_again", summary="Take that back")
@idempotent
def open_pair_again(request: ActorRequest, pair_id: Id) -> HttpResponse:
    """The pair is to be looked at again."""
    return answer(_shown(request, deciding.open_again(actor=request.actor, pair_id=pair_id, at=timezone.now())))


@router.post("/duplicates/scans", response={202: ScanOut}, operation_id="scan_duplicates", summary="Scan everybody")
@idempotent
def scan_duplicates(request: ActorRequest) -> HttpResponse:
    """Compare all customers in the background; one scan at a time."""
    scan = scanning.start_scan(actor=request.actor, at=timezone.now())
    return answer(_told(scan), status=202, location="/api/v1/duplicates/scans/latest")


@router.get("/duplicates/scans/latest", response=ScanOut, operation_id="get_scan", summary="Get the latest scan")
def get_scan(request: ActorRequest) -> HttpResponse:
    """How far it is, and what it found."""
    require(request.actor, MERGE)
    scan = pairs.latest_scan()
    if scan is None:
        raise Scan.DoesNotExist
    return answer(_told(scan))


def _shown(request: ActorRequest, pair: Pair) -> dict[str, Any]:
    return {
        "id": pair.pk,
        "customer_ids": [pair.first_id, pair.second_id],
        "probability": pair.probability,
        "evidence": pairs.weights_of(request.actor, pair),
        "state": pair.state,
    }


def _told(scan: Scan) -> dict[str, Any]:
    return {
        "id": scan.pk,
        "step": scan.step,
        "started_at": scan.started_at,
        "finished_at": scan.finished_at,
        "customers": scan.record_count,
        "pairs": scan.pair_count,
        "merged": scan.merged_count,
    }
