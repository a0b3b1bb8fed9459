"""Why a row of a customer file is refused although every cell could be read."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

# The words for a customer beyond the actor's scope do not say that there is one.
REASONS: dict[str, str | Promise] = {
    "not_permitted": _("You may not write this record; ask its owner or your administrator"),
    "ambiguous": _("Several customers have these phones, e-mails or this name; add an id that tells them apart"),
    "identity_conflict": _("The external id and the credit code belong to two different customers"),
    "nobody": _("The row names nobody: no name, id, phone or e-mail"),
    "owner_unknown": _("There is no user “%(value)s” to whom you may give customers"),
}
