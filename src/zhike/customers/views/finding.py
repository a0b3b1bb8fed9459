"""Finding a customer by what must stand in no address."""

from django import forms
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpResponse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods

from zhike.core import fields
from zhike.core.gate import needs
from zhike.core.http import ActorRequest
from zhike.core.lists.grammar import Condition, Group
from zhike.core.lists.state import State
from zhike.core.pages import go_to, render_page
from zhike.customers.guarded import key
from zhike.customers.kept_views import list_address
from zhike.customers.sealed import ID_NUMBER, digests
from zhike.customers.services.sealing import normal_id_number
from zhike.customers.views.listing import VIEW


class ByIdNumber(forms.Form):
    """The number, sent in the body of a request."""

    value = forms.CharField(
        label=_("ID number"),
        max_length=40,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
        help_text=_("The whole number, exactly. It is compared encrypted, and stands in no address and no log."),
    )


def _address_of(number: str) -> str:
    """The list filtered by the number's keyed digests.

    :raises ValidationError: not a valid number
    """
    # Before the first number is kept there is no key, and nobody to find.
    wanted = digests(ID_NUMBER, normal_id_number(number)) or ["-"]
    return list_address(State(tree=Group("all", (Condition(ID_NUMBER, "is", tuple(wanted)),))).query())


@needs(VIEW)
@require_http_methods(["GET", "POST"])
def find_by_id_number(request: ActorRequest) -> HttpResponse:
    """GET: the question; POST: the list of who has this number, by its keyed digest."""
    if not fields.reads(request.actor, [key(ID_NUMBER)]):
        raise PermissionDenied
    form = ByIdNumber(request.POST or None)
    if form.is_valid():
        try:
            return go_to(request, _address_of(form.cleaned_data["value"]))
        except ValidationError as refusal:
            form.add_error("value", refusal.message_dict[ID_NUMBER])
    status = 422 if form.is_bound else 200
    return render_page(request, "customers/find_by_id_number.html", {"form": form}, status=status)
