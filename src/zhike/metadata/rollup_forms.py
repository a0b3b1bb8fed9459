"""What people choose when a field sums things up."""

from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from zhike.metadata import rollups

ROWS = rollups.MOST_CONDITIONS


def list_whats(record: str) -> list[tuple[str, list[tuple[str, str]]]]:
    """What can be summed up, by what hangs on records: "orders:sum:amount"."""
    found = []
    for collection in rollups.list_collections(record):
        choices = [
            (f"{collection.key}:{rollups.COUNT}:", gettext("Number of %(things)s") % {"things": collection.label})
        ]
        for key, figure in collection.figures.items():
            choices += [
                (f"{collection.key}:{function}:{key}", str(rollups.FUNCTIONS[function]) % {"figure": figure.label})
                for function in figure.functions
            ]
        found.append((str(collection.label), choices))
    return found


def controls(record: str, rules: Mapping[str, Any]) -> dict[str, forms.Field]:
    """By name; the conditions as pairs of a field and its values."""
    what = f"{rules['of']}:{rules['function']}:{rules.get('figure', '')}" if rules else ""
    narrowing = [
        (str(one.label), [(f"{one.key}:{key}", str(condition.label)) for key, condition in one.conditions.items()])
        for one in rollups.list_collections(record)
    ]
    found: dict[str, forms.Field] = {
        "what": forms.ChoiceField(label=_("What is summed up"), choices=[("", "—"), *list_whats(record)], initial=what),
        "days": forms.IntegerField(
            label=_("Only of the last … days"),
            required=False,
            min_value=1,
            max_value=rollups.MOST_DAYS,
            initial=rules.get("days"),
            help_text=_("Empty: of all times."),
        ),
    }
    held = [*rules.get("where", ()), *({} for _row in range(ROWS))][:ROWS]
    for place, one in enumerate(held, start=1):
        found[f"where_{place}"] = forms.ChoiceField(
            label=_("Only where"),
            required=False,
            choices=[("", "—"), *narrowing],
            initial=f"{rules['of']}:{one['field']}" if one else "",
        )
        found[f"where_{place}_is"] = forms.CharField(
            label=_("has one of these values"),
            required=False,
            max_length=500,
            initial="，".join(_named(record, rules, one)),
            help_text=_("Several with commas between them."),
        )
    return found


def given(cleaned: Mapping[str, Any]) -> dict[str, Any]:
    """The rules as a form says them."""
    of, function, figure = cleaned["what"].split(":")
    found: dict[str, Any] = {"of": of, "function": function}
    if figure:
        found["figure"] = figure
    if cleaned.get("days"):
        found["days"] = cleaned["days"]
    where = []
    for place in range(1, ROWS + 1):
        chosen = cleaned.get(f"where_{place}")
        if chosen:
            collection, _colon, field = chosen.partition(":")
            words = [word.strip() for word in cleaned[f"where_{place}_is"].replace("，", ",").split(",")]
            where.append({"field": field if collection == of else chosen, "is": [word for word in words if word]})
    return found | ({"where": where} if where else {})


def _named(record: str, rules: Mapping[str, Any], one: Mapping[str, Any]) -> Sequence[str]:
    collection = next((held for held in rollups.list_collections(record) if one and held.key == rules["of"]), None)
    if collection is None:
        return []
    labels = dict(collection.conditions[one["field"]].choices())
    return [str(labels.get(value, value)) for value in one["is"]]
