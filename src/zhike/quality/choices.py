"""Words of data quality that models, rules and pages share."""

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class Dimension(models.TextChoices):
    """In what way data is good, and the column of a figure that counts what is not."""

    COMPLETENESS = "filled", _("Completeness")
    VALIDITY = "invalid", _("Validity")
    UNIQUENESS = "shared", _("Uniqueness")
    TIMELINESS = "late", _("Timeliness")
    CONSISTENCY = "inconsistent", _("Consistency")
    OUTLIERS = "outlying", _("Plausibility")


class Severity(models.IntegerChoices):
    """How much a finding matters. The higher, the more."""

    HINT = 1, pgettext_lazy("severity", "Hint")
    WARNING = 2, pgettext_lazy("severity", "Warning")
    ERROR = 3, pgettext_lazy("severity", "Error")


class Item(models.TextChoices):
    """What a finding is about. It always concerns a customer as well, where there is one."""

    CUSTOMER = "customer", _("Customer")
    IDENTIFIER = "identifier", _("Identifier")
    ORDER = "order", pgettext_lazy("purchase", "Order")


class Ask(models.TextChoices):
    """What a rule of the company's own asks of a field."""

    REQUIRED = "required", _("has to be filled in")
    PATTERN = "pattern", _("has to look like (regular expression)")
    LENGTH = "length", _("has so many characters")
    NUMBER = "number", _("is a number between")
    DAY = "day", _("is a day between")
    LISTED = "listed", _("is one of")
    UNIQUE = "unique", _("is nobody else's")
    PHONE = "phone", _("is a possible phone number")
    EMAIL = "email", _("is an e-mail address")
    USCC = "uscc", _("is a unified social credit code")
    ID_NUMBER = "id_number", _("is an ID number")
    FAR = "far", _("is not far from all others")
