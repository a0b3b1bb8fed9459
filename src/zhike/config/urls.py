"""All addresses; each app keeps its own under its name."""

from django.conf import settings
from django.urls import include, path, re_path

from zhike.config.api import api
from zhike.config.views import api_docs
from zhike.core.api.application import no_such_address

urlpatterns = [
    path("api/docs", api_docs, name="api_docs"),
    path("api/v1/", include((api.patterns(), "ninja"), namespace="api-1")),
    re_path("^api/", no_such_address),
    path("customers/", include("zhike.customers.urls")),
    path("commerce/", include("zhike.commerce.urls")),
    path("bulk/", include("zhike.bulk.urls")),
    path("duplicates/", include("zhike.duplicates.urls")),
    path("relations/", include("zhike.relations.urls")),
    path("quality/", include("zhike.quality.urls")),
    path("persona/", include("zhike.persona.urls")),
    path("privacy/", include("zhike.privacy.urls")),
    path("audit/", include("zhike.audit.urls")),
    path("bin/", include("zhike.recovery.urls")),
    path("settings/backups/", include("zhike.backup.urls")),
    path("settings/working-days/", include("zhike.calendars.urls")),
    path("find/", include("zhike.finder.urls")),
    path("settings/tags/", include("zhike.bulk.tag_urls")),
    path("settings/fields/", include("zhike.metadata.urls")),
    path("exports/", include("zhike.exports.urls")),
    path("imports/", include("zhike.exchange.urls")),
    path("", include("zhike.accounts.urls")),
    path("", include("zhike.insight.urls")),
]
if settings.DEBUG:
    urlpatterns.append(path("ui/", include("zhike.ui.urls")))
