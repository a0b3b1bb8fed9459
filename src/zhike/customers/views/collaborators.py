"""Who works on a customer besides its owner: a panel of the customer's page."""

from django import forms
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.utils.timezone import now
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_POST

from zhike.accounts.models import User
from zhike.core.access import holds
from zhike.core.forms import accepted
from zhike.core.gate import needs
from zhike.core.http import ActorRequest
from zhike.core.pages import go_to, render_page
from zhike.customers.models import EDIT, VIEW, Collaborator, Customer
from zhike.customers.services import collaborators


class NewCollaborator(forms.Form):
    """Whom to add, and whether they may edit."""

    user = forms.ModelChoiceField(
        label=_("Colleague"),
        queryset=User.objects.filter(is_active=True, kind=User.Kind.PERSON).order_by("name", "pk"),
        empty_label="",
    )
    may_edit = forms.BooleanField(label=_("May edit"), required=False)


@needs(VIEW)
@require_http_methods(["GET", "POST"])
def show_collaborators(request: ActorRequest, pk: int) -> HttpResponse:
    actor = request.actor
    customer = Customer.objects.visible_to(actor).filter(pk=pk).first()
    if customer is None:
        raise Http404
    form = NewCollaborator(request.POST or None, prefix="collaborator")
    if accepted(
        form,
        lambda: collaborators.put_collaborator(
            actor=actor,
            customer_id=pk,
            user_id=form.cleaned_data["user"].pk,
            may_edit=form.cleaned_data["may_edit"],
            at=now(),
        ),
    ):
        return go_to(request, f"/customers/{pk}/")
    rows = Collaborator.objects.filter(customer=pk).select_related("user").order_by("user__name", "pk")
    context = {
        "customer_id": pk,
        "collaborators": list(rows),
        "form": form if actor.may(EDIT) and holds(actor, EDIT, customer) else None,
        "me": actor.user_id,
    }
    return render_page(request, "customers/collaborators.html", context, status=422 if form.is_bound else 200)


@needs(VIEW)
@require_POST
def remove_collaborator(request: ActorRequest, pk: int) -> HttpResponse:
    try:
        customer_id = collaborators.remove_collaborator(actor=request.actor, collaborator_id=pk)
    except (Collaborator.DoesNotExist, Customer.DoesNotExist):
        raise Http404 from None
    if Customer.objects.visible_to(request.actor).filter(pk=customer_id).exists():
        return redirect("show_customer", customer_id)
    return redirect("list_customers")
