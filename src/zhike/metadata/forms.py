"""Controls for a company's own fields, for the forms of any record."""

from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext_lazy as _
from pydantic_core import from_json

from zhike.core.actor import Actor
from zhike.core.finder import kind_of_page
from zhike.metadata import references
from zhike.metadata.kinds import ADDRESS_PARTS, Json, Known, written
from zhike.metadata.models import Kind

LOCAL_MOMENT = "%Y-%m-%dT%H:%M"
FEW_CHOICES = 12
_TYPES: Mapping[Kind, Mapping[str, str]] = {
    Kind.NUMBER: {"inputmode": "decimal"},
    Kind.MONEY: {"inputmode": "decimal"},
    Kind.DATE: {"type": "date"},
    Kind.TIME: {"type": "time"},
    Kind.PHONE: {"type": "tel", "inputmode": "tel"},
    Kind.EMAIL: {"type": "email", "inputmode": "email"},
    Kind.URL: {"type": "text", "inputmode": "url", "placeholder": "https://"},
}
PLACEHOLDERS = {"province": _("Province"), "city": _("City"), "district": _("District"), "street": _("Street")}


def control(field: Known, actor: Actor, *, required: bool = False) -> forms.Field:
    """What the field is entered with; what comes out is for `put_values`."""
    more: dict[str, Any] = {"label": field.named, "required": required, "help_text": field.help_text}
    match field.kind:
        case Kind.LONG_TEXT:
            return forms.CharField(widget=forms.Textarea(attrs={"rows": 4}), **more)
        case Kind.MOMENT:
            widget = forms.DateTimeInput(format=LOCAL_MOMENT, attrs={"type": "datetime-local"})
            return forms.DateTimeField(widget=widget, input_formats=[LOCAL_MOMENT, f"{LOCAL_MOMENT}:%S"], **more)
        case Kind.BOOLEAN:
            return forms.ChoiceField(choices=[("", "—"), ("true", _("Yes")), ("false", _("No"))], **more)
        case Kind.CHOICE:
            return forms.ChoiceField(choices=[("", "—"), *_offered(field)], **more)
        case Kind.CHOICES:
            return forms.MultipleChoiceField(choices=_offered(field), widget=_several(field), **more)
        case Kind.USER | Kind.TEAM:
            return forms.ChoiceField(choices=[("", "—"), *references.choices(field, actor)], **more)
        case Kind.RECORD:
            more["help_text"] = field.help_text or references.hint(field)
            return forms.CharField(widget=forms.TextInput(attrs={"autocomplete": "off", **_sought(field)}), **more)
        case Kind.ADDRESS:
            return AddressField(**more)
    attrs = {"autocomplete": "off", **_TYPES.get(field.kind, {})}
    return forms.CharField(widget=forms.TextInput(attrs=attrs), **more)


def initial(field: Known, value: Json) -> Any:
    """The value as the control takes it."""
    match field.kind:
        case Kind.CHOICES | Kind.ADDRESS:
            return value
        case Kind.MOMENT:
            at = parse_datetime(str(value or ""))
            return timezone.localtime(at) if at else None
    return written(field, value)


def _sought(field: Known) -> dict[str, str]:
    """By what the control offers records while one types, where the search box knows their kind."""
    kind = kind_of_page(references.page_of(field))
    return {"data-suggest": reverse("find_words"), "data-suggest-kind": kind.key} if kind else {}


def _offered(field: Known) -> Sequence[tuple[str, str]]:
    return [(key, option.named) for key, option in field.options.items() if option.is_offered]


def _several(field: Known) -> forms.Widget:
    few = len(field.options) <= FEW_CHOICES
    return forms.CheckboxSelectMultiple() if few else forms.SelectMultiple(attrs={"size": FEW_CHOICES})


class AddressWidget(forms.MultiWidget):
    """Province, city, district and street beside each other."""

    def __init__(self) -> None:
        super().__init__(
            {part: forms.TextInput(attrs={"placeholder": PLACEHOLDERS[part], "aria-label": PLACEHOLDERS[part]})
             for part in ADDRESS_PARTS}
        )  # fmt: skip

    def decompress(self, value: Any) -> list[str]:
        held = from_json(value) if isinstance(value, str) and value else value or {}
        return [str(held.get(part, "")) for part in ADDRESS_PARTS]


class AddressField(forms.MultiValueField):
    """An address as a mapping of its parts; None where all are empty."""

    widget = AddressWidget

    def __init__(self, **options: Any) -> None:
        parts = [forms.CharField(required=False, max_length=200) for _part in ADDRESS_PARTS]
        super().__init__(parts, require_all_fields=False, **options)

    def compress(self, values: list[str]) -> dict[str, str] | None:
        return {part: value for part, value in zip(ADDRESS_PARTS, values, strict=False) if value} or None
