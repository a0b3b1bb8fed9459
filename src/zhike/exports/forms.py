"""What is asked before an export."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from zhike.exports.models import Export


class NewExport(forms.Form):
    """What the file is to hold, and what it is for."""

    format = forms.ChoiceField(label=_("Format"), choices=Export.Format.choices)
    scope = forms.ChoiceField(
        label=_("Columns"),
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


class Share(forms.Form):
    colleague = forms.ChoiceField(label=_("Colleague"))

    def __init__(self, *args: Any, colleagues: list[tuple[str, str]], **more: Any) -> None:
        super().__init__(*args, **more)
        self.fields["colleague"] = forms.ChoiceField(
            label=_("Colleague"),
            choices=[("", _("Choose…")), *colleagues],
            help_text=_("Only a colleague who could make this export themselves can take the file."),
        )
