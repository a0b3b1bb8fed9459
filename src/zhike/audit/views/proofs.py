"""What proves the history to those who do not trust us: heads, proofs, and the script that checks them."""

import json
from pathlib import Path

from django.http import Http404, HttpResponse
from django.views.decorators.http import require_GET

from zhike.audit import check_proof, permissions, proving
from zhike.audit.models import Entry
from zhike.audit.published import JSON, head_json
from zhike.audit.selectors import entries, seals
from zhike.core.access import require
from zhike.core.gate import needs
from zhike.core.http import ActorRequest
from zhike.core.pages import render_page


@needs(permissions.VIEW)
@require_GET
def show_seals(request: ActorRequest) -> HttpResponse:
    return render_page(request, "audit/show_seals.html", {"seals": seals.get_seals(actor=request.actor)})


@needs(permissions.VIEW)
@require_GET
def download_head(request: ActorRequest) -> HttpResponse:
    """The newest head, to be kept elsewhere and compared with `zhike audit verify --against`."""
    require(request.actor, permissions.VIEW)
    head = seals.newest_head()
    if head is None:
        raise Http404
    return download(f"zhike-head-{head.number}.json", head_json(head.statement, bytes(head.signature)), JSON)


@needs(permissions.VIEW)
@require_GET
def download_checker(request: ActorRequest) -> HttpResponse:
    """The script that checks a proof with nothing but Python."""
    source = Path(check_proof.__file__).read_text(encoding="utf-8")
    return download("check_proof.py", source, "text/x-python; charset=utf-8")


@needs(permissions.VIEW)
@require_GET
def download_proof(request: ActorRequest, pk: int) -> HttpResponse:
    """A proof of the entry against the newest head, with its contents where they are the reader's to have."""
    try:
        entry = entries.find_entry(actor=request.actor, entry_id=pk)
        proof = proving.prove(entry_id=pk, with_text=entries.reads_text(request.actor, entry))
    except (Entry.DoesNotExist, proving.EntryNotSealed):
        raise Http404 from None
    return download(f"zhike-proof-{pk}.json", json.dumps(proof, ensure_ascii=False, indent=2), JSON)


def download(name: str, content: str, media_type: str) -> HttpResponse:
    return HttpResponse(
        content,
        content_type=media_type,
        headers={"Content-Disposition": f'attachment; filename="{name}"', "X-Content-Type-Options": "nosniff"},
    )
