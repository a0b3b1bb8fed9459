"""Identifiers and names in their normal forms, with refusals in words."""

from collections.abc import Callable, Mapping

from django.core.exceptions import ValidationError
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from zhike.core.text import normal
from zhike.customers.models import Customer, Identifier

MAX_LENGTH = 500

type Label = str | Promise

_CHECKS: Mapping[str, Callable[[str], normal.Checked]] = {
    Identifier.Kind.PHONE: normal.check_phone,
    Identifier.Kind.EMAIL: normal.check_email,
    Identifier.Kind.WECHAT: normal.check_wechat,
    Identifier.Kind.ADDRESS: normal.check_text,
    Identifier.Kind.USCC: normal.check_uscc,
    Identifier.Kind.EXTERNAL: normal.check_code,
}
_REASONS: Mapping[str, Label] = {
    "phone_invalid": _("This is not a phone number. Numbers from abroad begin with + and the country code."),
    "phone_shortened": _("A spreadsheet has cut this number short; its digits are lost. Enter it in full."),
    "number_shortened": _("A spreadsheet has cut this number short; its digits are lost. Enter it in full."),
    "email_invalid": _("This is not an e-mail address, such as name@example.com."),
    "uscc_invalid": _("This is not a valid unified social credit code: 18 characters, the last one a check digit."),
    "wechat_invalid": _("This is not a WeChat id: letters, digits, _ and -."),
}


def normal_value(kind: str, value: str) -> str:
    """The identifier's normal form.

    :raises ValidationError: empty, or not of its kind
    """
    if "\0" in value:
        raise ValidationError({"value": _("This contains a character that cannot be stored.")})
    found, reason = _CHECKS[kind](value)
    if reason is not None:
        raise ValidationError({"value": _REASONS[reason]}, code=reason)
    if len(value) > MAX_LENGTH:
        raise ValidationError({"value": _("At most %(limit)s characters.") % {"limit": MAX_LENGTH}})
    if not found:
        raise ValidationError({"value": _("Enter a value.")})
    return found


def normal_name(kind: str, name: str) -> str:
    return normal.organisation_name(name) if kind == Customer.Kind.ORGANISATION else normal.person_name(name)
