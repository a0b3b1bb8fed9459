"""How endpoints answer: rows go out as JSON as they are, without a second validation on the way."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.http import HttpResponse
from pydantic_core import to_json


def answer(value: Any, *, status: int = 200, location: str = "") -> HttpResponse:
    """JSON of plain values: decimals become strings, times ISO 8601 in UTC.

    Tests hold answers against the documented schema; doing so for each request would cost more than making them.
    """
    headers = {"Location": location} if location else {}
    return HttpResponse(to_json(value), status=status, content_type="application/json", headers=headers)


def answer_page(items: Sequence[Mapping[str, Any]], next_cursor: str) -> HttpResponse:
    """One page of a list; the cursor is null on the last one."""
    return answer({"items": items, "next_cursor": next_cursor or None})
