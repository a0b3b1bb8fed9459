"""What the fields of a record are called."""

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

LABELS: Mapping[str, str | Promise] = {
    "name": pgettext_lazy("customer", "Name"),
    "kind": _("Kind"),
    "owner": _("Owner"),
    "team": _("Team"),
    "channel": _("Source channel"),
    "relationship": _("Relationship"),
    "country": _("Country"),
    "province": _("Province"),
    "city": _("City"),
    "birthday_on": _("Birthday"),
    "note": _("Notes"),
    "tags": _("Tags"),
}
