"""Shapes of what people say about fields and sections."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from zhike.accounts.models import Role
from zhike.core.actor import SYSTEM
from zhike.core.fields import Care
from zhike.metadata import forms as controls
from zhike.metadata import indexes, pieces, references, registry, rollup_forms
from zhike.metadata.conditions import NOTHING, list_askable
from zhike.metadata.filed import FILES, MOST_FILES
from zhike.metadata.formulas.compiling import DECIMALS
from zhike.metadata.formulas.language import LONGEST
from zhike.metadata.kinds import COMPUTED, NOT_ENTERED, RULES, Known
from zhike.metadata.models import CARES, FieldDefinition, Index, Kind, Section
from zhike.metadata.services import formulas
from zhike.metadata.services.definitions import CHOSEN, NewOption
from zhike.metadata.services.sealing import is_sealable

TONES = [
    ("", pgettext_lazy("colour", "Grey")),
    ("info", pgettext_lazy("colour", "Blue")),
    ("good", pgettext_lazy("colour", "Green")),
    ("warn", pgettext_lazy("colour", "Yellow")),
    ("bad", pgettext_lazy("colour", "Red")),
    ("rich", pgettext_lazy("colour", "Violet")),
]
BLANK_ROWS = 3
# A default is a value; what is chosen among records or typed in parts has none.
WITHOUT_DEFAULT = (Kind.ADDRESS, Kind.LOCATION, Kind.RECORD, *NOT_ENTERED)


class Conditional(forms.Form):
    """What is shown only on some records. shown_when: "field:value", of one field."""

    shown_when = forms.MultipleChoiceField(
        label=_("Only shown where"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("One field, and the values with which this is shown. Nothing chosen: always."),
    )

    def __init__(
        self, *arguments: Any, record: str, condition: Mapping[str, Any] = NOTHING, but: str = "", **options: Any
    ) -> None:
        super().__init__(*arguments, **options)
        self.initial["shown_when"] = written_condition(condition)
        asked = [one for one in list_askable(record, held=condition) if one[0] != but]
        # What it depends on stands where one begins to read.
        asked.sort(key=lambda one: one[0] != condition.get("field"))
        chosen: Any = self.fields["shown_when"]
        chosen.choices = [
            (str(label), [(f"{name}:{value}", said) for value, said in values]) for name, label, values in asked
        ]

    @property
    def askable(self) -> list[tuple[str, list[tuple[str, str, bool]]]]:
        """Fields by name, with the values to choose from and whether they are."""
        asked: Any = self.fields["shown_when"]
        chosen = set(self["shown_when"].value() or ())
        return [(label, [(value, said, value in chosen) for value, said in values]) for label, values in asked.choices]

    def clean_shown_when(self) -> dict[str, Any]:
        pairs = [one.split(":", 1) for one in self.cleaned_data["shown_when"]]
        if len({name for name, _value in pairs}) > 1:
            raise forms.ValidationError(_("Choose values of one field only."))
        return {"field": pairs[0][0], "is": [value for _name, value in pairs]} if pairs else {}


def written_condition(condition: Mapping[str, Any]) -> list[str]:
    return [f"{condition['field']}:{value}" for value in condition["is"]] if condition else []


class DesignField(Conditional):
    """A field of one kind."""

    label = forms.CharField(label=pgettext_lazy("field", "Name"), max_length=60)
    label_en = forms.CharField(label=_("English name"), max_length=60, required=False)
    help_text = forms.CharField(label=_("Help"), max_length=300, required=False)
    section = forms.ModelChoiceField(
        label=_("Section"), queryset=Section.objects.none(), required=False, empty_label=_("In none")
    )
    care = forms.ChoiceField(
        label=_("Sensitivity"),
        choices=CARES,
        help_text=_("Sensitive fields are masked for every role until somebody opens them under Field access."),
    )
    is_sealed = forms.BooleanField(
        label=_("Sensitive: stored encrypted"),
        required=False,
        help_text=_(
            "Found by its exact value only, and seen masked until somebody gives a reason. Lists are not ordered by it,"
            " and neither formulas nor figures read it. What the history and other copies say of it is erased."
        ),
    )
    is_required = forms.BooleanField(label=_("Has to be filled in"), required=False)
    is_filtered = forms.BooleanField(label=_("Lists can be filtered and ordered by it"), required=False)
    is_searched = forms.BooleanField(
        label=_("The search box looks into it"),
        required=False,
        help_text=_("Its first 500 characters find the record, for those who read the field in full."),
    )
    is_unique = forms.BooleanField(label=_("A value may stand in one record only"), required=False)

    field_order = ("label", "label_en", "help_text", "section")

    def __init__(self, data: QueryDict | None, *, record: str, kind: Kind, definition: FieldDefinition | None) -> None:
        known = Known.of(definition) if definition else Known(record=record, key="", kind=kind, label="")
        condition = known.shown_when
        super().__init__(data, initial=_initial(definition), record=record, condition=condition, but=known.name)
        self.kind = kind
        sections: Any = self.fields["section"]
        sections.queryset = Section.objects.filter(record=record).order_by("position", "pk")
        for name, bound in _rules(kind).items():
            self.fields[f"rule_{name}"] = bound
            self.fields[f"rule_{name}"].initial = known.rules.get(name)
        if definition is not None and "rule_target" in self.fields:
            self.fields["rule_target"].disabled = True
        if kind not in indexes.EXPRESSIONS:
            del self.fields["is_filtered"]
        if kind not in indexes.SINGLE:
            del self.fields["is_unique"]
        if not is_sealable(record, kind):
            del self.fields["is_sealed"]
        if kind not in pieces.KINDS:
            del self.fields["is_searched"]
        elif kind in pieces.CHOSEN:
            self.fields["is_searched"].help_text = _(
                "Its choices find the record by what they are called, in either language, for those who see the field."
            )
        if known.is_sealed:
            self.fields.pop("is_filtered", None)
            self.fields.pop("is_searched", None)
        if kind in COMPUTED:
            del self.fields["is_required"]
            care: Any = self.fields["care"]
            care.choices = [choice for choice in CARES if choice[0] != Care.SENSITIVE]
            care.help_text = _("Only those who read everything that it is computed from see it at all.")
        if kind in FILES:
            self._put_files(known)
        if kind is Kind.FORMULA:
            self._put_formula(known, record)
        if kind is Kind.ROLLUP:
            self.fields |= rollup_forms.controls(record, known.rules)
            self.fields["is_filtered"].label = _("Lists can be filtered by it")
        has_default = kind not in WITHOUT_DEFAULT and kind not in references.KINDS and not known.is_sealed
        if has_default and (definition or kind not in CHOSEN):
            self.fields["default"] = controls.control(known, SYSTEM, required=False)
            self.fields["default"].label = _("Default")
            self.fields["default"].help_text = ""
            self.fields["default"].initial = controls.initial(known, known.default)
        self.options = _options(data, definition) if kind in CHOSEN else []
        self.tones = TONES

    def _put_files(self, known: Known) -> None:
        self.fields["rule_files"].initial = known.rules.get("files", 1)
        self.fields["is_filtered"].label = _("Lists can be filtered by whether there is one")
        self.fields["is_required"].help_text = _(
            "A new record is saved without it, for files are uploaded on its page; the last one cannot be removed."
        )
        care: Any = self.fields["care"]
        care.help_text = _(
            "Sensitive files open for no role until somebody opens them under Field access; a file cannot be masked."
        )

    def _put_formula(self, known: Known, record: str) -> None:
        text = str(known.rules.get("formula", ""))
        self.fields["rule_formula"].initial = formulas.shown_formula(record, text) if text else ""
        self.fields["rule_decimals"].initial = known.rules.get("decimals", DECIMALS)
        self.fields["is_money"] = forms.BooleanField(label=_("Shown as an amount of money"), required=False)
        self.fields["is_money"].initial = known.rules.get("result") == Kind.MONEY

    def given(self) -> dict[str, Any]:
        """For `create_field` and `edit_field`."""
        cleaned = self.cleaned_data
        rules = {
            name: cleaned[f"rule_{name}"]
            for name in RULES.get(self.kind, ())
            if cleaned.get(f"rule_{name}") not in (None, "")
        }
        if self.kind is Kind.ROLLUP:
            rules = rollup_forms.given(cleaned)
        if cleaned.get("is_money"):
            rules["result"] = Kind.MONEY.value
        section = cleaned["section"]
        found = {name: cleaned[name] for name in ("label", "label_en", "help_text", "care", "shown_when")}
        found |= {"section_id": section.pk if section else None, "rules": rules}
        found |= {name: cleaned.get(name, False) for name in ("is_required", "is_sealed")}
        if found["is_sealed"]:
            found["care"] = Care.SENSITIVE.value
        if "default" in self.fields:
            found["default"] = cleaned["default"] or None
        return found

    def new_options(self) -> list[NewOption] | None:
        return [NewOption(**one) for one in self.options if one["label"].strip()] if self.kind in CHOSEN else None


class DesignSection(Conditional):
    """A section of the page."""

    name = forms.CharField(label=pgettext_lazy("field", "Name"), max_length=60)
    name_en = forms.CharField(label=_("English name"), max_length=60, required=False)
    is_tab = forms.BooleanField(
        label=_("A tab of its own"),
        required=False,
        help_text=_("Opened at a click, in place of the other sections; for pages with many fields."),
    )
    is_folded = forms.BooleanField(label=_("Folded at first"), required=False)
    roles = forms.TypedMultipleChoiceField(
        label=_("Only for these roles"),
        required=False,
        coerce=int,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("None chosen: for everybody. Who may see a field at all is set under Field access."),
    )

    field_order = ("name", "name_en", "is_tab", "is_folded", "roles", "shown_when")

    def __init__(self, data: QueryDict | None, *, record: str, section: Section | None) -> None:
        started = {
            "name": section.name,
            "name_en": section.name_en,
            "is_tab": section.is_tab,
            "is_folded": section.is_folded,
            "roles": section.roles,
        } if section else {}  # fmt: skip
        condition = section.shown_when if section else NOTHING
        super().__init__(data, initial=started, record=record, condition=condition)
        chosen: Any = self.fields["roles"]
        chosen.choices = list(Role.objects.order_by("pk").values_list("pk", "name"))


def _initial(definition: FieldDefinition | None) -> dict[str, Any]:
    if definition is None:
        return {"care": CARES[0][0]}
    plain = ("label", "label_en", "help_text", "care", "is_required", "is_unique", "is_sealed")
    return {
        **{name: getattr(definition, name) for name in plain},
        "section": definition.section_id,
        "is_filtered": definition.index in (Index.WANTED, Index.READY),
        "is_searched": definition.search in (Index.WANTED, Index.READY),
    }


def _rules(kind: Kind) -> dict[str, forms.Field]:
    number = forms.NumberInput(attrs={"step": "any"})
    kinds = [(one.key, one.label) for one in registry.list_targets()]
    known: dict[str, forms.Field] = {
        "longest": forms.IntegerField(label=_("Longest text, in characters"), required=False, min_value=1),
        "least": forms.FloatField(label=_("Smallest value"), required=False, widget=number),
        "most": forms.FloatField(label=_("Largest value"), required=False, widget=number),
        "decimals": forms.IntegerField(label=_("Digits behind the point"), required=False, min_value=0, max_value=6),
        "unit": forms.CharField(label=_("Unit"), required=False, max_length=20),
        "files": forms.IntegerField(
            label=_("How many files at most"),
            min_value=1,
            max_value=MOST_FILES,
            help_text=_("With one, another upload takes its place. Each has at most 20 MB."),
        ),
        "target": forms.ChoiceField(label=_("Leads to"), choices=kinds),
        "formula": forms.CharField(
            label=_("Formula"),
            max_length=LONGEST,
            widget=forms.Textarea(attrs={"rows": 3, "spellcheck": "false", "autocomplete": "off"}),
        ),
    }
    return {name: known[name] for name in RULES.get(kind, ()) if name in known}


def _options(data: QueryDict | None, definition: FieldDefinition | None) -> list[dict[str, str]]:
    """Rows of the editor: as they were sent, or as they are with some blank ones behind."""
    if data is not None:
        columns = [data.getlist(f"option_{name}") for name in ("key", "label", "label_en", "tone")]
        return [_row(*values) for values in zip(*columns, strict=False)]
    held = list(definition.options.filter(is_retired=False).order_by("position", "pk")) if definition else []
    rows = [_row(one.key, one.label, one.label_en, one.tone) for one in held]
    return [*rows, *(_row() for _number in range(BLANK_ROWS))]


def _row(key: str = "", label: str = "", label_en: str = "", tone: str = "") -> dict[str, str]:
    known = {value for value, _label in TONES}
    return {"key": key, "label": label, "label_en": label_en, "tone": tone if tone in known else ""}
