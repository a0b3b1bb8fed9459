"""What each figure means, in words that stand beside it."""

from collections.abc import Mapping

from django.utils.translation import gettext_lazy as _

from zhike.quality.checks import Label
from zhike.quality.choices import Dimension
from zhike.quality.subjects import ORDER

FIELD_MEANINGS: Mapping[Dimension, Label] = {
    Dimension.COMPLETENESS: _("Share of records in which the field is filled in."),
    Dimension.VALIDITY: _("Of those filled in: share that can be right, by every rule about this field alone."),
    Dimension.UNIQUENESS: _("Of those filled in: share whose value stands with nobody else."),
    Dimension.TIMELINESS: _("Of those filled in: share whose customer was edited within a year."),
    Dimension.CONSISTENCY: _("Of those filled in: share that goes together with what else is known."),
    Dimension.OUTLIERS: _("Of those filled in: share that is not far from all others."),
}
ORDERS_IN_TIME = _("Of those filled in: share known here within a week of the purchase.")
WHOLE_MEANINGS: Mapping[Dimension, Label] = {
    Dimension.COMPLETENESS: _("of a customer's fields are filled in on average"),
    Dimension.VALIDITY: _("of customers have no value that cannot be right"),
    Dimension.UNIQUENESS: _("of customers share no phone or e-mail with another"),
    Dimension.TIMELINESS: _("of customers were edited within a year"),
    Dimension.CONSISTENCY: _("of customers have no two values that exclude each other"),
    Dimension.OUTLIERS: _("of customers have no amount or number far from all others"),
}


def meaning_of(dimension: Dimension, record: str) -> Label:
    """What the figures of a kind of record's fields mean."""
    if record == ORDER and dimension is Dimension.TIMELINESS:
        return ORDERS_IN_TIME
    return FIELD_MEANINGS[dimension]
