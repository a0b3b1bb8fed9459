"""All addresses; each app keeps its own under its name."""

from django.conf import settings
from django.urls import include, path

urlpatterns = [
    path("account/", include("zhike.accounts.urls")),
]
if settings.DEBUG:
    urlpatterns.append(path("ui/", include("zhike.ui.urls")))
