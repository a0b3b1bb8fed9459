"""Finding a customer by what must stand in no address."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpResponse, QueryDict
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods

from zhike.core.actor import Actor
from zhike.core.gate import needs
from zhike.core.http import ActorRequest
from zhike.core.lists.grammar import Condition, Group
from zhike.core.lists.state import State
from zhike.core.pages import go_to, render_page
from zhike.customers.kept_views import list_address
from zhike.customers.sealed import ID_NUMBER
from zhike.customers.selectors import sealed_values
from zhike.customers.views.listing import VIEW


class BySealed(forms.Form):
    """The field and the value, sent in the body of a request."""

    field = forms.ChoiceField(label=_("Field"), required=False)
    value = forms.CharField(
        label=_("Value"),
        max_length=sealed_values.LONGEST,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
        help_text=_("The whole value, exactly. It is compared encrypted, and stands in no address and no log."),
    )

    def __init__(self, data: QueryDict | None, *, offered: Sequence[tuple[str, str]]) -> None:
        super().__init__(data)
        choice: Any = self.fields["field"]
        choice.choices, choice.initial = offered, offered[0][0]
        if len(offered) == 1:
            choice.widget = forms.HiddenInput()
            self.fields["value"].label = offered[0][1]


def _address_of(actor: Actor, field: str, value: str) -> str:
    """The list filtered by the value's keyed digests.

    :raises ValidationError: not of the field's kind
    """
    wanted = sealed_values.marks_of(actor=actor, field=field, value=value)
    return list_address(State(tree=Group("all", (Condition(field, "is", tuple(wanted)),))).query())


@needs(VIEW)
@require_http_methods(["GET", "POST"])
def find_by_id_number(request: ActorRequest) -> HttpResponse:
    """GET: the question; POST: the list of who has this value, by its keyed digest."""
    offered = sealed_values.list_asked(actor=request.actor)
    if not offered:
        raise PermissionDenied
    form = BySealed(request.POST or None, offered=offered)
    if form.is_valid():
        field = form.cleaned_data["field"] or offered[0][0]
        try:
            return go_to(request, _address_of(request.actor, field, form.cleaned_data["value"]))
        except ValidationError as refusal:
            form.add_error("value", refusal.message_dict[field])
    only_number = [field for field, _label in offered] == [ID_NUMBER]
    context = {"form": form, "only_number": only_number}
    status = 422 if form.is_bound else 200
    return render_page(request, "customers/find_by_id_number.html", context, status=status)
