"""Pages that belong to no app."""

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse

from zhike.config.api import api


@login_not_required
def api_docs(request: HttpRequest) -> HttpResponse:
    """The API's documentation, to be read and tried out."""
    return api.docs.render_page(request, api)
