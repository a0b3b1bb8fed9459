"""What each figure means, in words that stand beside it."""

from collections.abc import Mapping

from django.utils.translation import gettext_lazy as _

from zhike.quality.checks import Label
from zhike.quality.choices import Dimension

FIELD_MEANINGS: Mapping[Dimension, Label] = {
    Dimension.COMPLETENESS: _("Share of records in which the field is filled in."),
    Dimension.VALIDITY: _("Of those filled in: share that can be right, by every rule about this field alone."),
    Dimension.UNIQUENESS: _("Of those filled in: share whose value stands with nobody else."),
    Dimension.TIMELINESS: _(
        "Of those filled in: share whose customer was edited within a year; of orders, share known here within a week"
        " of the purchase."
    ),
    Dimension.CONSISTENCY: _("Of those filled in: share that goes together with what else is known."),
    Dimension.OUTLIERS: _("Of those filled in: share that is not far from all others."),
}
WHOLE_MEANINGS: Mapping[Dimension, Label] = {
    Dimension.COMPLETENESS: _("of a customer's fields are filled in on average"),
    Dimension.VALIDITY: _("of customers have no value that cannot be right"),
    Dimension.UNIQUENESS: _("of customers share no phone or e-mail with another"),
    Dimension.TIMELINESS: _("of customers were edited within a year"),
    Dimension.CONSISTENCY: _("of customers have no two values that exclude each other"),
    Dimension.OUTLIERS: _("of customers have no amount or number far from all others"),
}
