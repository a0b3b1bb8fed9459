"""Tags by rule: listed, made of a group, asked at once, and ended."""

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from zhike.core.forms import accepted
from zhike.core.gate import needs
from zhike.core.http import ActorRequest
from zhike.core.lists.operators import Asking
from zhike.core.pages import go_to, render_page
from zhike.customers.permissions import MANAGE_TAGS
from zhike.persona import rule_list
from zhike.persona.forms import KeepAsTag
from zhike.persona.models import TagRule
from zhike.persona.services import tag_rules as services
from zhike.persona.views.tabs import tabs


@needs(MANAGE_TAGS)
@require_GET
def tag_rules(request: ActorRequest) -> HttpResponse:
    return _page(request)


@needs(MANAGE_TAGS)
@require_POST
def put_tag_rule(request: ActorRequest) -> HttpResponse:
    """The tag's name and the address of the list that says who has it."""
    form = KeepAsTag(request.POST)

    def put() -> None:
        data = form.cleaned_data
        services.put_rule(actor=request.actor, name=data["name"], query=data["query"], at=timezone.now())

    try:
        if accepted(form, put):
            message = _("“%(tag)s” follows the filter from now on.") % {"tag": form.cleaned_data["name"]}
            return go_to(request, reverse("tag_rules"), message=message)
    except PermissionDenied:
        form.add_error(None, _("A rule is about all customers: whoever makes it has to see and edit all of them."))
    return _page(request, form=form, status=422)


@needs(MANAGE_TAGS)
@require_POST
def ask_tag_rule(request: ActorRequest, pk: int) -> HttpResponse:
    try:
        rule = services.ask_again(actor=request.actor, rule_id=pk)
    except TagRule.DoesNotExist:
        raise Http404 from None
    message = _("“%(tag)s” is being given and taken now.") % {"tag": rule.tag}
    return go_to(request, reverse("tag_rules"), message=message)


@needs(MANAGE_TAGS)
@require_POST
def remove_tag_rule(request: ActorRequest, pk: int) -> HttpResponse:
    try:
        rule = services.remove_rule(actor=request.actor, rule_id=pk)
    except TagRule.DoesNotExist:
        raise Http404 from None
    message = _("“%(tag)s” is given by hand from now on; who has it keeps it.") % {"tag": rule.tag}
    return go_to(request, reverse("tag_rules"), message=message)


def _page(request: ActorRequest, *, form: KeepAsTag | None = None, status: int = 200) -> HttpResponse:
    asking = Asking(actor=request.actor, now=timezone.now(), zone=timezone.get_current_timezone())
    context = {
        "rows": rule_list.list_rules(asking=asking),
        "form": form,
        "tabs": tabs(request.actor, "tag_rules"),
    }
    return render_page(request, "persona/tag_rules.html", context, status=status)
