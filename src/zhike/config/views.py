"""Pages that belong to no app."""

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET

from zhike.config.api import api


@login_not_required
@require_GET
def api_docs(request: HttpRequest) -> HttpResponse:
    """The API's documentation, to be read and, logged in, tried out."""
    swagger = {
        "url": reverse("api-1:openapi-json"),
        "layout": "BaseLayout",
        "deepLinking": True,
        "tryItOutEnabled": True,
        "defaultModelsExpandDepth": 0,
    }
    return render(request, "accounts/api_docs.html", {"title": f"{api.title} API", "swagger": swagger})
