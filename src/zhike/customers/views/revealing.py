"""A masked value in full, for a reason that is kept."""

from collections.abc import Callable
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from zhike.accounts.services.reveals import RevealsSpent
from zhike.core import fields
from zhike.core.fields import FieldUndeclared
from zhike.core.gate import needs
from zhike.core.http import ActorRequest
from zhike.core.pages import render_page
from zhike.customers.guarded import key
from zhike.customers.models import Customer, Identifier
from zhike.customers.permissions import REVEAL
from zhike.customers.services import reveals
from zhike.customers.services.reveals import Revealed
from zhike.customers.views.record import load_visible


class Reason(forms.Form):
    """Why somebody wants to see a value in full."""

    reason = forms.CharField(
        label=_("Why do you need the full value?"),
        max_length=reveals.LONGEST_REASON,
        widget=forms.TextInput(attrs={"autocomplete": "off", "autofocus": True}),
        help_text=_("Your name, the time and this reason are kept in the change history."),
    )


@needs(REVEAL)
@never_cache
@require_http_methods(["GET", "POST"])
def reveal_field(request: ActorRequest, pk: int, field: str) -> HttpResponse:
    """GET: the question why; with `shown` nothing any more; POST: the value."""
    load_visible(request, pk)
    if "shown" in request.GET:
        return HttpResponse()
    try:
        label = fields.get(key(field)).label
    except FieldUndeclared:
        raise Http404 from None
    identifier = request.GET.get("identifier", "")
    identifier_id = (
        int(identifier) if identifier.isascii() and identifier.isdecimal() and len(identifier) < 19 else None
    )
    url = reverse("reveal_field", args=[pk, field]) + (f"?identifier={identifier_id}" if identifier_id else "")
    cancel_url = reverse("reveal_field", args=[pk, field]) + "?shown=1"

    def ask(reason: str) -> Revealed:
        try:
            return reveals.reveal_field(
                actor=request.actor,
                customer_id=pk,
                name=field,
                reason=reason,
                at=timezone.now(),
                identifier_id=identifier_id,
            )
        except (Customer.DoesNotExist, Identifier.DoesNotExist):
            raise Http404 from None

    return answer_why(request, ask=ask, url=url, cancel_url=cancel_url, label=str(label))


def answer_why[R: Revealed](
    request: ActorRequest,
    *,
    ask: Callable[[str], R],
    url: str,
    cancel_url: str,
    label: str,
    beside: Callable[[R], dict[str, Any]] = lambda found: {},
) -> HttpResponse:
    """The question why, or with its answer the value.

    ask: from a reason to the value. beside: what else is shown with it, as `beside`, a template, and what it takes.
    """
    context: dict[str, Any] = {"url": url, "cancel_url": cancel_url, "label": label}
    form = Reason(request.POST or None)
    if form.is_valid():
        try:
            found = ask(form.cleaned_data["reason"])
        except ValidationError as refusal:
            form.add_error("reason", refusal.message_dict["reason"])
        except RevealsSpent as refusal:
            form.add_error("reason", str(refusal))
        else:
            context |= {"found": found, **beside(found)}
            return render_page(request, "customers/reveal.html", context, partial="value")
    status = 422 if form.is_bound else 200
    return render_page(request, "customers/reveal.html", {**context, "form": form}, partial="form", status=status)
