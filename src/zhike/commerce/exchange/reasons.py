"""Why a row of an order file is refused although every cell could be read."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

REASONS: dict[str, str | Promise] = {
    "amount_missing": _("The row has neither an amount nor a unit price"),
    "currency_unknown": _("“%(value)s” is not a currency code such as CNY"),
}
