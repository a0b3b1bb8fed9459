"""Requests that may be sent twice and happen once.

The record of a request and its effect are written in one transaction, so they exist together or not at all,
whatever is killed in between. A second request with the same key waits at the unique constraint until the first has
committed, and then gets its answer. Refusals are not kept: what is put right may be sent again with the same key.
"""

import hmac
import re
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import wraps
from typing import Any

from django.core.exceptions import RequestDataTooBig
from django.db import connection, transaction
from django.http import HttpResponse
from django.utils.timezone import now
from ninja.decorators import decorate_view
from ninja.operation import Operation
from ninja.utils import contribute_operation_callback

from zhike.accounts.kept import ANSWERS_KEPT
from zhike.accounts.models import IdempotentRequest
from zhike.accounts.permissions import USE_API
from zhike.core import envelope
from zhike.core.api.problems import problem, too_large
from zhike.core.errors import DomainError
from zhike.core.http import ActorRequest

type Run = Callable[..., HttpResponse]

HEADER = "Idempotency-Key"
LONGEST_KEY = 200
KEY = re.compile(f"[!-~]{{1,{LONGEST_KEY}}}")
PARAMETER = {
    "in": "header",
    "name": HEADER,
    "required": False,
    "schema": {"type": "string", "minLength": 1, "maxLength": LONGEST_KEY, "pattern": "^[!-~]+$"},
    "description": "Any unique text. The same request with the same key within 24 hours happens once, and is "
    "answered with the first answer and the header Idempotent-Replayed.",
}


class KeyReused(DomainError):
    code = "idempotency_key_reused"
    status = 422

    def __init__(self) -> None:
        super().__init__("This Idempotency-Key came with another request within the last 24 hours.")


class KeyMalformed(DomainError):
    code = "idempotency_key_malformed"
    status = 422

    def __init__(self) -> None:
        super().__init__(f"An Idempotency-Key has 1 to {LONGEST_KEY} visible ASCII characters.")


def idempotent[View: Callable[..., Any]](view: View) -> View:
    """Make an endpoint honour the Idempotency-Key header, and say so in its description."""
    contribute_operation_callback(view, _describe)
    decorated: View = decorate_view(_once)(view)
    return decorated


def _describe(operation: Operation) -> None:
    operation.openapi_extra = {**(operation.openapi_extra or {}), "parameters": [PARAMETER]}


def _once(run: Run) -> Run:
    @wraps(run)
    def once(request: ActorRequest, **arguments: Any) -> HttpResponse:
        # Whoever may not use the API learns so from the endpoint itself.
        if HEADER not in request.headers or not request.actor.may(USE_API):
            return run(request, **arguments)
        try:
            key, digests = key_of(request), digests_of(request, request.body)
            return run_once(request, key=key, digests=digests, run=lambda: run(request, **arguments))
        except RequestDataTooBig as error:
            return too_large(request, error)
        except (KeyReused, KeyMalformed) as refusal:
            return problem(refusal.status, code=refusal.code, detail=str(refusal))

    return once


def key_of(request: ActorRequest) -> str:
    """The request's key, empty where it has none.

    :raises KeyMalformed: not of the documented form
    """
    key = request.headers.get(HEADER)
    if key is not None and not KEY.fullmatch(key):
        raise KeyMalformed
    return key or ""


def digests_of(request: ActorRequest, content: bytes) -> Sequence[str]:
    """What tells one request from another: under each master key, the present one first, so that nobody can try out
    what is stored encrypted. Another key of the same person may do less, so it asks for itself.
    """
    said = f"{request.method} {request.get_full_path()} {request.token_id or ''}\n"
    return [hmac.digest(key, said.encode() + content, "sha256").hex() for key in envelope.staging_keys()]


MARK = b"\0sealed\0"  # no answer begins like this


def run_once(
    request: ActorRequest, *, key: str, digests: Sequence[str], run: Callable[[], HttpResponse]
) -> HttpResponse:
    """Run and keep the answer, or give the one kept.

    :raises KeyReused: the key was used for something else
    """
    user_id = request.actor.user_id
    with transaction.atomic():
        while not (claim := _claim(user_id=user_id, key=key, digest=digests[0], at=now())):
            earlier = IdempotentRequest.objects.filter(user_id=user_id or 0, key=key).first()
            if earlier:
                return _replay(earlier, digests)
        response = run()
        if response.status_code >= 400:
            transaction.set_rollback(True)
        else:
            IdempotentRequest.objects.filter(pk=claim).update(
                status=response.status_code,
                location=response.headers.get("Location", ""),
                body=_closed(response.content, claim),
            )
        return response


def _claim(*, user_id: int | None, key: str, digest: str, at: datetime) -> int | None:
    """The record's id if the key is free; otherwise, once its holder has committed, nothing."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO accounts_idempotentrequest AS r (user_id, key, digest, created_at, status, location, body)
            VALUES (%(user)s, %(key)s, %(digest)s, %(at)s, 0, '', '')
            ON CONFLICT (user_id, key) DO UPDATE SET digest = excluded.digest, created_at = excluded.created_at
            WHERE r.created_at < %(expired)s
            RETURNING id
            """,
            {"user": user_id, "key": key, "digest": digest, "at": at, "expired": at - ANSWERS_KEPT},
        )
        row = cursor.fetchone()
    return row[0] if row else None


def _replay(earlier: IdempotentRequest, digests: Sequence[str]) -> HttpResponse:
    if earlier.digest not in digests:
        raise KeyReused
    headers = {"Idempotent-Replayed": "true"}
    if earlier.location:
        headers["Location"] = earlier.location
    return HttpResponse(_opened(earlier), status=earlier.status, content_type="application/json", headers=headers)


def _closed(content: bytes, claim: int) -> bytes:
    """An answer as it is kept: it may hold what is stored encrypted elsewhere."""
    return MARK + envelope.seal(envelope.staging_keys()[0], content.decode(), place=_place(claim))


def _opened(earlier: IdempotentRequest) -> bytes:
    """
    :raises zhike.core.envelope.SealBroken: no master key that is known opens it
    """
    body = bytes(earlier.body)
    if not body.startswith(MARK):
        return body
    broken = envelope.SealBroken(_place(earlier.pk))
    for key in envelope.staging_keys():
        try:
            return envelope.unseal(key, body[len(MARK) :], place=_place(earlier.pk)).encode()
        except envelope.SealBroken as error:
            broken = error
    raise broken


def _place(claim: int) -> str:
    return f"answers/{claim}"
