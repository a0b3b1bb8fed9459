"""The API object: django-ninja with our answers, our refusals and both in its description."""

from collections.abc import Callable
from functools import wraps
from typing import Any, ClassVar

from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import URLPattern
from ninja import NinjaAPI
from ninja.openapi.schema import OpenAPISchema
from ninja.parser import Parser
from ninja.types import DictStrAny
from pydantic_core import from_json

from zhike.core.api import problems

PROBLEM_SCHEMA = {
    "type": "object",
    "required": ["type", "title", "status", "code"],
    "properties": {
        "type": {"type": "string", "examples": ["urn:zhike:problem:not_found"]},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "code": {"type": "string", "description": "A stable word for programs."},
        "detail": {"type": "string", "description": "For people, in the language of the key's owner."},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["message"],
                "properties": {
                    "pointer": {"type": "string", "description": "The field of the body, as a JSON pointer."},
                    "parameter": {"type": "string", "description": "The parameter of the address."},
                    "code": {"type": "string"},
                    "message": {"type": "string"},
                },
            },
        },
    },
}
PROBLEM_RESPONSE = {
    "description": "Refused; the body says why (RFC 9457).",
    "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
}


class _Parser(Parser):
    def parse_body(self, request: HttpRequest) -> DictStrAny:
        body: DictStrAny = from_json(request.body, allow_inf_nan=False)
        return body


class Api(NinjaAPI):
    """One version of the API."""

    shared_components: ClassVar[dict[str, DictStrAny]] = {
        "schemas": {"Problem": PROBLEM_SCHEMA},
        "responses": {"Problem": PROBLEM_RESPONSE},
    }

    def __init__(self, **options: Any) -> None:
        super().__init__(parser=_Parser(), docs_url=None, **options)
        problems.register(self)

    def get_openapi_schema(
        self, *, path_prefix: str | None = None, path_params: DictStrAny | None = None
    ) -> OpenAPISchema:
        """The description, with what every operation may also answer."""
        schema = super().get_openapi_schema(path_prefix=path_prefix, path_params=path_params)
        for kind, shared in self.shared_components.items():
            schema["components"].setdefault(kind, {}).update(shared)
        for operations in schema["paths"].values():
            for operation in operations.values():
                operation["responses"]["default"] = {"$ref": "#/components/responses/Problem"}
        return schema

    def patterns(self) -> list[URLPattern]:
        """The addresses. Keys are checked here, so the log-in page of browsers is left out of it."""
        found, _app, _namespace = self.urls
        for pattern in found:
            if isinstance(pattern, URLPattern):
                pattern.callback = login_not_required(_refusing_as_problem(pattern.callback))
        return [pattern for pattern in found if isinstance(pattern, URLPattern)]


def _refusing_as_problem(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """The view, whose "not found" and "method not allowed" are problems like all others."""

    @wraps(view)
    def wrapped(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        try:
            response = view(request, *args, **kwargs)
        except Http404:
            return no_such_address(request)
        if response.status_code != 405:
            return response
        refused = problems.problem(405, detail=f"Allowed: {response.headers['Allow']}")
        refused.headers["Allow"] = response.headers["Allow"]
        return refused

    return wrapped


@login_not_required
def no_such_address(_request: HttpRequest) -> HttpResponse:
    """What any other address under the API answers."""
    return problems.problem(404, detail="There is nothing at this address.")
