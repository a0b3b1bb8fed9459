"""How the list is arranged, and the views under which an arrangement is kept."""

from dataclasses import replace

from django.http import Http404, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from zhike.accounts.models import Role, SavedView, ViewDefault
from zhike.accounts.services import saved_views
from zhike.accounts.services.saved_views import Audience, ViewRefused
from zhike.core.gate import needs
from zhike.core.http import ActorRequest
from zhike.core.lists import registry
from zhike.core.lists.grammar import FilterInvalid
from zhike.core.lists.state import State, columns_of
from zhike.core.pages import go_to, render_page
from zhike.customers.kept_views import ADDRESS, know_view, list_address
from zhike.customers.listing import KEY
from zhike.customers.views.asking import FIRST, read_list
from zhike.customers.views.listing import VIEW, read_number


@needs(VIEW)
@require_GET
def choose_columns(request: ActorRequest) -> HttpResponse:
    """The list with other columns, in the order in which they come, the name first."""
    spec = registry.get(KEY)
    try:
        state = read_list(request.GET.dict())
    except FilterInvalid:
        return go_to(request, ADDRESS)
    offered = spec.columns_for(request.actor)
    columns = (
        FIRST,
        *(key for key in dict.fromkeys(request.GET.getlist("column")) if key in offered and key != FIRST),
    )
    is_default = columns == tuple(column.key for column in columns_of(State(), of=spec, actor=request.actor))
    return go_to(request, list_address(replace(state, columns=() if is_default else columns).query()))


@needs(VIEW)
@require_POST
def save_view(request: ActorRequest) -> HttpResponse:
    """The list under a new name, or in place of what stood under one of one's own."""
    replaced = request.POST.get("view", "")
    try:
        query = read_list(request.POST.dict()).query()
        if replaced:
            view = _replace(request, replaced, query)
        else:
            view = saved_views.save_view(
                actor=request.actor,
                page=KEY,
                name=request.POST.get("name", ""),
                query=query,
                audience=request.POST.get("audience", Audience.OWN),
                is_default="is_default" in request.POST,
            )
    except (FilterInvalid, ViewRefused) as refusal:
        return render_page(request, "customers/save_view.html", {"refusal": refusal}, status=422)
    return go_to(request, list_address(view.query), message=_("Saved as “%(name)s”.") % {"name": view.name})


def _replace(request: ActorRequest, number: str, query: str) -> SavedView:
    pk = read_number(number)
    try:
        return saved_views.replace_list(actor=request.actor, view_id=pk, page=KEY, query=query)
    except SavedView.DoesNotExist:
        raise Http404 from None


@needs(VIEW)
@require_http_methods(["GET", "POST"])
def edit_view(request: ActorRequest, pk: int) -> HttpResponse:
    """What a view is called, who sees it, and whose list opens with it."""
    actor = request.actor
    view = _load(request, pk)
    may_change = saved_views.may_change(actor, view)
    may_set_roles = may_change and saved_views.may_share(actor, team_id=None)
    refusal: ViewRefused | None = None
    if request.method == "POST":
        try:
            if may_change:
                name, audience = request.POST.get("name", ""), request.POST.get("audience", view.audience)
                view = saved_views.change_view(actor=actor, view_id=pk, page=KEY, name=name, audience=audience)
            _put_defaults(request, view, may_set_roles)
        except ViewRefused as wrong:
            refusal = wrong
        else:
            url = know_view(actor=actor, view=view).url
            return go_to(request, url, message=_("Saved as “%(name)s”.") % {"name": view.name})
    defaults = ViewDefault.objects.filter(view=view)
    audiences = saved_views.audiences_of(actor)
    context = {
        "view": view,
        "name": know_view(actor=actor, view=view).name,
        "refusal": refusal,
        "may_change": may_change,
        "audiences": audiences if view.audience in audiences else [Audience(view.audience), *audiences],
        "is_default": defaults.filter(user=actor.user_id).exists(),
        "may_set_roles": may_set_roles,
        "roles": Role.objects.order_by("pk") if may_set_roles else (),
        "chosen_roles": set(defaults.filter(role__isnull=False).values_list("role", flat=True)),
        "url": reverse("edit_view", args=[pk]),
    }
    return render_page(request, "customers/edit_view.html", context, status=422 if refusal else 200)


def _put_defaults(request: ActorRequest, view: SavedView, may_set_roles: bool) -> None:
    opens_with_it = ViewDefault.objects.filter(user=request.actor.user_id, view=view).exists()
    if ("is_default" in request.POST) is not opens_with_it:
        wanted = None if opens_with_it else view.pk
        saved_views.put_own_default(actor=request.actor, page=KEY, view_id=wanted)
    if may_set_roles and view.audience == Audience.ALL:
        roles = [
            int(role) for role in request.POST.getlist("role") if role.isascii() and role.isdecimal() and len(role) < 10
        ]
        saved_views.put_role_defaults(actor=request.actor, page=KEY, view_id=view.pk, role_ids=roles)


@needs(VIEW)
@require_POST
def delete_view(request: ActorRequest, pk: int) -> HttpResponse:
    view = _load(request, pk)
    saved_views.delete_view(actor=request.actor, view_id=pk, page=KEY)
    message = _("The view “%(name)s” is gone.") % {"name": view.name}
    return go_to(request, list_address(""), message=message)


def _load(request: ActorRequest, pk: int) -> SavedView:
    view = saved_views.visible_to(request.actor, page=KEY).filter(pk=pk).first()
    if view is None:
        raise Http404
    return view
