"""What is asked before an export."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from zhike.exports.models import Export, Schedule
from zhike.exports.rhythm import Rhythm
from zhike.exports.services.scheduling import Draft
from zhike.exports.services.starting import Wanted

WEEKDAYS = (
    (1, _("Monday")),
    (2, _("Tuesday")),
    (3, _("Wednesday")),
    (4, _("Thursday")),
    (5, _("Friday")),
    (6, _("Saturday")),
    (7, _("Sunday")),
)


class NewExport(forms.Form):
    """What the file is to hold, and what it is for."""

    format = forms.ChoiceField(label=_("Format"), choices=Export.Format.choices)
    scope = forms.ChoiceField(
        label=pgettext_lazy("export", "Fields"),
        choices=[("shown", _("The columns of the list")), ("all", _("Every field I may take along"))],
        initial="shown",
    )
    is_marked = forms.BooleanField(
        label=_("CSV for Excel"),
        required=False,
        initial=True,
        help_text=_("With the mark by which Excel knows Chinese text. Leave it out for programs that stumble over it."),
    )
    reason = forms.CharField(
        label=_("Purpose"),
        required=False,
        max_length=500,
        help_text=_("What the file is for; it stands in the history and in the file."),
    )

    def __init__(self, *args: Any, needs_reason: bool = False, **more: Any) -> None:
        super().__init__(*args, **more)
        self.fields["reason"].required = needs_reason


class NewSchedule(NewExport):
    """What comes again, and when."""

    name = forms.CharField(label=pgettext_lazy("export", "Name"), max_length=60)
    follow = forms.ChoiceField(label=_("Of which list"), required=False)
    every = forms.ChoiceField(label=_("How often"), choices=Schedule.Every.choices)
    weekday = forms.TypedChoiceField(label=_("Every week: on"), coerce=int, choices=WEEKDAYS, required=False)
    day = forms.IntegerField(
        label=_("Every month: on day"),
        min_value=1,
        max_value=31,
        initial=1,
        required=False,
        help_text=_("In shorter months their last day."),
    )
    at = forms.TimeField(
        label=_("At what time"), initial="08:00", widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M")
    )
    share_with = forms.TypedMultipleChoiceField(
        label=_("Share each with"),
        coerce=int,
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("Colleagues get a notice, and the file if they could make it themselves at that moment."),
    )
    field_order = (
        "name",
        "follow",
        "every",
        "weekday",
        "day",
        "at",
        "format",
        "scope",
        "is_marked",
        "reason",
        "share_with",
    )

    def __init__(
        self, *args: Any, views: list[tuple[str, str]], colleagues: list[tuple[str, str]], zone: str, **more: Any
    ) -> None:
        super().__init__(*args, **more)
        self._choose("follow", [("", _("The list as it is now")), *views])
        self._choose("share_with", colleagues)
        self.fields["at"].help_text = zone

    def _choose(self, name: str, choices: list[tuple[str, Any]]) -> None:
        field: Any = self.fields[name]
        field.choices = choices

    def draft(self, wanted: Wanted) -> Draft:
        """As the service takes it."""
        told = self.cleaned_data
        rhythm = Rhythm(every=told["every"], at=told["at"], weekday=told["weekday"] or 1, day=told["day"] or 1)
        return Draft(
            name=told["name"],
            wanted=wanted,
            rhythm=rhythm,
            view_id=int(told["follow"]) if told["follow"] else None,
            share_with=tuple(told["share_with"]),
        )


class Share(forms.Form):
    colleague = forms.ChoiceField(label=_("Colleague"))

    def __init__(self, *args: Any, colleagues: list[tuple[str, str]], **more: Any) -> None:
        super().__init__(*args, **more)
        self.fields["colleague"] = forms.ChoiceField(
            label=_("Colleague"),
            choices=[("", _("Choose…")), *colleagues],
            help_text=_("Only a colleague who could make this export themselves can take the file."),
        )
