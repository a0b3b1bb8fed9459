"""Every refusal as problem+json (RFC 9457), mapped once."""

import logging
from collections.abc import Callable, Mapping
from http import HTTPStatus
from types import MappingProxyType
from typing import Any

from django.core.exceptions import (
    ObjectDoesNotExist,
    PermissionDenied,
    RequestDataTooBig,
    SuspiciousOperation,
    ValidationError,
)
from django.http import Http404, HttpRequest, HttpResponse, UnreadablePostError
from django.http.multipartparser import MultiPartParserError
from ninja import NinjaAPI
from ninja.errors import HttpError
from ninja.errors import ValidationError as ShapeError
from pydantic_core import to_json

from zhike.core.errors import DomainError
from zhike.core.paging import CursorInvalid

NO_MEMBERS: Mapping[str, Any] = MappingProxyType({})
logger = logging.getLogger("zhike.api")

CODES = {400: "malformed", 401: "unauthenticated", 403: "forbidden", 404: "not_found", 429: "too_many_requests"}


def problem(
    status: int,
    *,
    code: str = "",
    detail: str = "",
    errors: list[dict[str, Any]] | None = None,
    members: Mapping[str, Any] = NO_MEMBERS,
) -> HttpResponse:
    """One refusal. code: a stable word for programs. errors: what is wrong with which field. members: more facts."""
    code = code or CODES.get(status, HTTPStatus(status).name.lower())
    title = HTTPStatus(status).phrase
    body = {**members, "type": f"urn:zhike:problem:{code}", "title": title, "status": status, "code": code}
    if detail:
        body["detail"] = detail
    if errors:
        body["errors"] = errors
    headers = {"WWW-Authenticate": "Bearer"} if status == HTTPStatus.UNAUTHORIZED else {}
    return HttpResponse(to_json(body), status=status, content_type="application/problem+json", headers=headers)


def register(api: NinjaAPI) -> None:
    """Make the API answer every exception as a problem."""
    handlers: dict[type[Exception], Callable[[HttpRequest, Any], HttpResponse]] = {
        Exception: _crash,
        DomainError: _refusal,
        PermissionDenied: lambda _request, _error: problem(403, detail="This key lacks the permission, or the scope."),
        Http404: lambda _request, _error: problem(404),
        ObjectDoesNotExist: lambda _request, _error: problem(404),
        ShapeError: _shape,
        ValidationError: _invalid,
        CursorInvalid: lambda _request, _error: problem(
            400, code="cursor_invalid", errors=[{"parameter": "after", "message": "belongs to another list or order"}]
        ),
        HttpError: lambda _request, error: problem(error.status_code, detail=str(error)),
        RequestDataTooBig: too_large,
        MultiPartParserError: lambda _request, _error: problem(400, detail="The form cannot be read."),
        SuspiciousOperation: lambda _request, _error: problem(400),
        UnreadablePostError: lambda _request, _error: problem(400, detail="The request ended early."),
    }
    for kind, handler in handlers.items():
        api.add_exception_handler(kind, handler)


def too_large(_request: HttpRequest, _error: Exception) -> HttpResponse:
    return problem(413, code="too_large", detail="The request is larger than this endpoint takes.")


def _refusal(_request: HttpRequest, error: DomainError) -> HttpResponse:
    return problem(error.status, code=error.code, detail=str(error), members=error.members)


def _shape(_request: HttpRequest, error: ShapeError) -> HttpResponse:
    return problem(422, code="invalid", errors=[_field_error(found) for found in error.errors])


def _field_error(found: dict[str, Any]) -> dict[str, Any]:
    source, *way = found["loc"]
    # The first step inside a body is the name of a Python argument.
    where = {"pointer": _pointer(way[1:])} if source == "body" else {"parameter": str(way[-1]) if way else ""}
    return {**where, "code": found["type"], "message": found["msg"]}


def _pointer(way: list[str | int]) -> str:
    return "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in way)


def _invalid(_request: HttpRequest, error: ValidationError) -> HttpResponse:
    by_field = error.message_dict if hasattr(error, "error_dict") else {"": error.messages}
    errors = [
        {"pointer": f"/{name}" if name and name != "__all__" else "", "code": "invalid", "message": str(message)}
        for name, messages in by_field.items()
        for message in messages
    ]
    return problem(422, code="invalid", errors=errors)


def _crash(request: HttpRequest, error: Exception) -> HttpResponse:
    actor = getattr(request, "actor", None)
    request_id = actor.request_id if actor else ""
    logger.error("%s %s failed, request %s", request.method, request.path, request_id, exc_info=error)
    return problem(500, code="internal", detail=f"Something broke here. The log has it under {request_id}.")
