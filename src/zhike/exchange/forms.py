"""What people say about a file: what is in it, and what its columns mean."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from zhike.core.actor import Actor
from zhike.core.money import is_currency
from zhike.exchange.models import Import
from zhike.exchange.registry import importable, list_importables
from zhike.exchange.selectors import shows_contents

COLUMN = "column_"
SOURCES = "known-sources"


class Upload(forms.Form):
    """A file and what it holds."""

    kind = forms.ChoiceField(label=_("What the file holds"), required=False)
    file = forms.FileField(label=_("File"))

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        known = [(item.kind, item.label) for item in list_importables()]
        self.fields["kind"] = forms.ChoiceField(
            label=_("What the file holds"), required=False, choices=[("", _("Recognise by itself")), *known]
        )


class Columns(forms.Form):
    """What each column of a file means, and whose numbers its ids are.

    name: what the mapping is remembered as so far. sources: those that earlier files came from.
    """

    source = forms.CharField(
        label=_("Source system"),
        max_length=50,
        widget=forms.TextInput(attrs={"list": SOURCES, "autocomplete": "off"}),
        help_text=_(
            "Customer and order numbers count within their source only: choose the same one for every file of a "
            "system. Under another, the same orders come in a second time."
        ),
    )
    currency = forms.CharField(label=_("Currency"), min_length=3, max_length=3)
    name = forms.CharField(
        label=_("Remember this mapping as"),
        max_length=60,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        help_text=_(
            "Optional: files with the same columns are read like this anyway. By its name the command line finds it, "
            "for files with further columns too."
        ),
    )

    def __init__(
        self, data: QueryDict | None = None, *, actor: Actor, job: Import, name: str = "", sources: Sequence[str] = ()
    ) -> None:
        super().__init__(data, initial={"source": job.source, "currency": job.currency, "name": name})
        self.shows_contents = shows_contents(actor=actor, job=job)
        self.job, self.sources, self.sources_id = job, sources, SOURCES
        fields = importable(job.kind).fields_for(actor)
        groups = (
            (str(_("Needed")), [(field.code, field.label) for field in fields if field.required]),
            (str(_("Optional")), [(field.code, field.label) for field in fields if not field.required]),
        )
        choices = [("", _("Do not import")), *(group for group in groups if group[1])]
        for place, column in enumerate(job.columns):
            self.fields[f"{COLUMN}{place}"] = forms.ChoiceField(
                label=column, required=False, choices=choices, initial=job.mapping.get(column, "")
            )

    def clean_currency(self) -> str:
        code: str = self.cleaned_data["currency"].upper()
        if not is_currency(code):
            raise forms.ValidationError(_("“%(code)s” is not a currency code."), params={"code": code})
        return code

    @property
    def mapping(self) -> dict[str, str]:
        """Column to field, the columns left out missing."""
        chosen = {column: self.cleaned_data[f"{COLUMN}{place}"] for place, column in enumerate(self.job.columns)}
        return {column: code for column, code in chosen.items() if code}

    def column_rows(self) -> list[tuple[forms.BoundField, list[str]]]:
        """Each column's choice beside its first cells, for those who may see them."""
        sample = self.job.sample if self.shows_contents else []
        return [
            (self[f"{COLUMN}{place}"], [str(row[place]) for row in sample if row[place]])
            for place in range(len(self.job.columns))
        ]
