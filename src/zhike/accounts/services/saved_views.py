"""Lists that people keep under a name: for themselves, for a team, for everybody."""

from collections.abc import Iterable

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet, Value
from django.db.models.fields import CharField
from django.db.models.functions import Cast, Concat
from django.utils.translation import gettext_lazy as _

from zhike.accounts.models import Role, SavedView, Team, ViewDefault
from zhike.accounts.permissions import SHARE_VIEWS
from zhike.core.access import require
from zhike.core.actor import Actor
from zhike.core.database import preparing
from zhike.core.errors import DomainError

MOST_VIEWS = 30
LONGEST_QUERY = 4000
Audience = SavedView.Audience


class ViewRefused(DomainError):
    """The view has no name, is too long, or is one too many."""

    code = "view_refused"
    status = 422


def visible_to(actor: Actor, *, page: str) -> "QuerySet[SavedView]":
    """The actor's own views of the list, those of their teams and of the teams above, and those for everybody."""
    teams = Team.objects.filter(
        Q(pk=actor.team_id) | Q(other_members=actor.user_id),
        path__contains=Concat(Value("/"), Cast(OuterRef("team_id"), CharField()), Value("/")),
    )
    seen = Q(user=actor.user_id) | Q(audience=Audience.ALL) | (Q(audience=Audience.TEAM) & Q(Exists(teams)))
    return SavedView.objects.filter(seen, page=page)


def list_views(*, actor: Actor, page: str) -> list[SavedView]:
    """In the order of the tabs: one's own first. Each says whether the actor, or a role of theirs, opens the list with
    it (`is_own_default`, `is_role_default`)."""
    mine = ViewDefault.objects.filter(view=OuterRef("pk"), page=page)
    rows = visible_to(actor, page=page).annotate(
        is_own_default=Exists(mine.filter(user=actor.user_id)),
        is_role_default=Exists(mine.filter(role__holders=actor.user_id)),
        is_others=~Q(user=actor.user_id),
    )
    with preparing():
        return list(rows.order_by("is_others", "position", "pk"))


def list_names(*, actor: Actor, page: str) -> list[tuple[int, str]]:
    """Ids and names of the views that `list_views` gives, and of some more: a quick question before the dear one."""
    rows = SavedView.objects.filter(Q(user=actor.user_id) | ~Q(audience=Audience.OWN), page=page)
    return list(rows.values_list("pk", "name"))


def opening_of(views: Iterable[SavedView]) -> SavedView | None:
    """The view with which the list opens, of those that `list_views` gave; one's own wish comes before the roles'."""
    found: SavedView | None = None
    for view in views:
        if getattr(view, "is_own_default", False):
            return view
        if found is None and getattr(view, "is_role_default", False):
            found = view
    return found


def may_share(actor: Actor, *, team_id: int | None) -> bool:
    """Whether the actor may show views to the team, or to everybody where none is given."""
    reach = actor.reach_of(SHARE_VIEWS)
    return reach.is_all or (team_id is not None and team_id in reach.team_ids)


def audiences_of(actor: Actor) -> list[SavedView.Audience]:
    """Whom the actor may show views to."""
    found = [Audience.OWN]
    if actor.team_id is not None and may_share(actor, team_id=actor.team_id):
        found.append(Audience.TEAM)
    return [*found, Audience.ALL] if may_share(actor, team_id=None) else found


def may_change(actor: Actor, view: SavedView) -> bool:
    """One's own, and those shared where the actor may share."""
    if view.user_id == actor.user_id:
        return True
    return view.audience != Audience.OWN and may_share(actor, team_id=view.team_id)


@transaction.atomic
def save_view(
    *, actor: Actor, page: str, name: str, query: str, audience: str = Audience.OWN, is_default: bool = False
) -> SavedView:
    """Keep the list under the name; a view of the same name is replaced. is_default: the actor's list opens with it.

    :raises ViewRefused: it has no name, is too long, or there are too many
    :raises PermissionDenied: the actor may not show views to these
    """
    if actor.user_id is None:
        raise PermissionDenied
    name = _named(name)
    _check_length(query)
    mine = SavedView.objects.filter(user_id=actor.user_id, page=page)
    if mine.exclude(name=name).count() >= MOST_VIEWS:
        raise ViewRefused(_("There are %(count)s saved views already; delete one first.") % {"count": MOST_VIEWS})
    shown = _shown_to(actor, audience, None)
    view, _created = SavedView.objects.update_or_create(
        user_id=actor.user_id, page=page, name=name, defaults={"query": query, **shown}
    )
    _close_defaults(view)
    if is_default:
        put_own_default(actor=actor, page=page, view_id=view.pk)
    return view


@transaction.atomic
def replace_list(*, actor: Actor, view_id: int, page: str, query: str) -> SavedView:
    """Put another list under the name of a view; who sees it and whose lists open with it stays. Only by whose it is:
    their scheduled exports follow it.

    :raises SavedView.DoesNotExist: the actor has none such
    :raises ViewRefused: it is too long
    :raises PermissionDenied: it is shown to those to whom they may not show views any more
    """
    view = SavedView.objects.select_for_update().get(pk=view_id, user_id=actor.user_id or 0, page=page)
    _check_length(query)
    if view.audience != Audience.OWN and not may_share(actor, team_id=view.team_id):
        raise PermissionDenied
    view.query = query
    view.save(update_fields=["query"])
    return view


@transaction.atomic
def change_view(*, actor: Actor, view_id: int, page: str, name: str, audience: str) -> SavedView:
    """Name a view anew, or show it to others.

    :raises SavedView.DoesNotExist: there is none that the actor may see
    :raises ViewRefused: the name is none, or taken
    :raises PermissionDenied: it is not the actor's to change, or they may not show views to these
    """
    view = visible_to(actor, page=page).select_for_update(of=("self",)).get(pk=view_id)
    if not may_change(actor, view):
        raise PermissionDenied
    name = _named(name)
    # Who may show nothing to others any more cannot do it by what a view is called either.
    if name != view.name and audience != Audience.OWN and not may_share(actor, team_id=view.team_id):
        raise PermissionDenied
    if SavedView.objects.filter(user=view.user_id, page=page, name=name).exclude(pk=view.pk).exists():
        raise ViewRefused(_("There is another view of this name."))
    view.name = name
    if audience != view.audience:
        shown = _shown_to(actor, audience, view)
        view.audience, view.team_id = str(shown["audience"]), shown["team_id"]
        _close_defaults(view)
    view.save(update_fields=["name", "audience", "team"])
    return view


@transaction.atomic
def delete_view(*, actor: Actor, view_id: int, page: str) -> None:
    """Forget a view.

    :raises SavedView.DoesNotExist: there is none that the actor may see
    :raises PermissionDenied: it is not the actor's to delete
    """
    view = visible_to(actor, page=page).get(pk=view_id)
    if not may_change(actor, view):
        raise PermissionDenied
    view.delete()


def withdraw_from(team: Team) -> None:
    """Views that the team was shown are their makers' alone."""
    shown = SavedView.objects.filter(team=team)
    ViewDefault.objects.filter(view__in=shown).exclude(user=F("view__user")).delete()
    shown.update(audience=Audience.OWN, team=None)


def _close_defaults(view: SavedView) -> None:
    """A list opens with nothing that is not shown to whose it is."""
    if view.audience != Audience.ALL:
        ViewDefault.objects.filter(view=view, role__isnull=False).delete()
    if view.audience == Audience.OWN:
        ViewDefault.objects.filter(view=view).exclude(user=view.user_id).delete()


@transaction.atomic
def put_own_default(*, actor: Actor, page: str, view_id: int | None) -> None:
    """The actor's list opens with the view; with none, as their roles say, else with everything.

    :raises SavedView.DoesNotExist: there is no such view that the actor may see
    """
    ViewDefault.objects.filter(user=actor.user_id, page=page).delete()
    if view_id is not None:
        view = visible_to(actor, page=page).get(pk=view_id)
        ViewDefault.objects.create(user_id=actor.user_id, page=page, view=view)


@transaction.atomic
def put_role_defaults(*, actor: Actor, page: str, view_id: int, role_ids: Iterable[int]) -> None:
    """The lists of those who hold these roles, and of no others, open with the view unless they chose one themselves.

    :raises SavedView.DoesNotExist: there is no such view for everybody
    """
    require(actor, SHARE_VIEWS)
    if not may_share(actor, team_id=None):
        raise PermissionDenied
    view = SavedView.objects.get(pk=view_id, page=page, audience=Audience.ALL)
    roles = list(Role.objects.filter(pk__in=list(role_ids)))
    ViewDefault.objects.filter(Q(view=view, role__isnull=False) | Q(page=page, role__in=roles)).delete()
    ViewDefault.objects.bulk_create([ViewDefault(page=page, role=role, view=view) for role in roles])


def _check_length(query: str) -> None:
    if len(query) > LONGEST_QUERY or "\0" in query:
        raise ViewRefused(_("The filter is too long to be saved."))


def _named(name: str) -> str:
    name = " ".join(name.replace("\0", "").split())
    if not name or len(name) > 60:
        raise ViewRefused(_("Give the view a name of at most 60 characters."))
    return name


def _shown_to(actor: Actor, audience: str, view: SavedView | None) -> dict[str, str | int | None]:
    """Whoever keeps a view among themselves needs no permission."""
    if audience not in Audience.values:
        raise ViewRefused(_("Choose who sees the view."))
    if audience == Audience.OWN:
        return {"audience": audience, "team_id": None}
    team_id = (view.team_id if view else None) or actor.team_id if audience == Audience.TEAM else None
    if (audience == Audience.TEAM and team_id is None) or not may_share(actor, team_id=team_id):
        raise PermissionDenied
    return {"audience": audience, "team_id": team_id}
