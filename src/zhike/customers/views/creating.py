"""A new customer, with a hint where it may be known already."""

from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from zhike.core.errors import DomainError
from zhike.core.gate import needs
from zhike.core.http import ActorRequest
from zhike.core.pages import go_to, render_page
from zhike.customers.forms import IDENTIFIER_FIELDS, NewCustomer
from zhike.customers.models import Customer
from zhike.customers.normalising import normal_value
from zhike.customers.selectors.record import find_duplicates
from zhike.customers.services import people
from zhike.customers.services.identifiers import NewIdentifier
from zhike.customers.views.editing import split_words

CREATE = "customers.create_customer"
PLAIN = ("kind", "name", "province", "city", "channel", "note")


@needs(CREATE)
@require_http_methods(["GET", "POST"])
def create_customer(request: ActorRequest) -> HttpResponse:
    form = NewCustomer(request.POST or None, actor=request.actor, initial={"kind": Customer.Kind.PERSON})
    if form.is_valid() and _check_identifiers(form):
        data = form.cleaned_data
        given = {name: data[name] for name in PLAIN if name in data}
        try:
            customer = people.create_customer(
                actor=request.actor,
                at=timezone.now(),
                identifiers=[
                    NewIdentifier(kind=kind, value=data[kind]) for kind in IDENTIFIER_FIELDS if data.get(kind)
                ],
                tags=split_words(data.get("tags", "")),
                custom={one.name: data[one.name] for one in form.own},
                **given,
            )
        except ValidationError as refusal:
            for name, messages in refusal.message_dict.items():
                form.add_error(name if name in form.fields else None, messages)
        except DomainError as refusal:
            form.add_error(None, str(refusal))
        else:
            return go_to(request, f"/customers/{customer.pk}/", message=_("%(name)s is in.") % {"name": customer.name})
    status = 422 if form.is_bound else 200
    return render_page(request, "customers/create_customer.html", {"form": form}, partial="form", status=status)


@needs(CREATE)
@require_GET
def hint_duplicates(request: ActorRequest) -> HttpResponse:
    """Who is known already by what has been typed so far."""
    kind = "organisation" if request.GET.get("kind") == "organisation" else "person"
    values = []
    for identifier_kind in IDENTIFIER_FIELDS:
        try:
            values.append((str(identifier_kind), normal_value(identifier_kind, request.GET.get(identifier_kind, ""))))
        except ValidationError:
            continue
    name = request.GET.get("name", "").replace("\0", "")[:200]
    likeness = find_duplicates(actor=request.actor, kind=kind, name=name, values=values)
    return render_page(request, "customers/duplicates.html", {"likeness": likeness})


def _check_identifiers(form: NewCustomer) -> bool:
    """Each identifier's problem beside its own field."""
    for kind in IDENTIFIER_FIELDS:
        if form.cleaned_data.get(kind):
            try:
                normal_value(kind, form.cleaned_data[kind])
            except ValidationError as refusal:
                form.add_error(kind, refusal.message_dict["value"])
    return form.is_valid()
