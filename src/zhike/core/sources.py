"""Where a value came from, as rows say it: three words of Zhike's own, or the name of a system."""

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import pgettext_lazy

SOURCES: Mapping[str, str | Promise] = {
    "hand": pgettext_lazy("source", "By hand"),
    "import": pgettext_lazy("source", "Import"),
    "api": pgettext_lazy("source", "API"),
}


def said(source: str) -> str:
    return str(SOURCES.get(source, source))
