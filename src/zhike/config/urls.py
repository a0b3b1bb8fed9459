"""All addresses; each app keeps its own under its name."""

from django.urls import include, path

urlpatterns = [
    path("account/", include("zhike.accounts.urls")),
]
