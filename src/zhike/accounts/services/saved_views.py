"""Lists that a person keeps under a name; everybody's own, so no grant is asked."""

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from zhike.accounts.models import SavedView
from zhike.core.actor import Actor
from zhike.core.errors import DomainError

MOST_VIEWS = 30
LONGEST_QUERY = 4000


class ViewRefused(DomainError):
    """The view has no name, is too long, or is one too many."""

    code = "view_refused"
    status = 422


@transaction.atomic
def save_view(*, actor: Actor, page: str, name: str, query: str) -> SavedView:
    """Keep the list under the name; a view of the same name is replaced.

    :raises ViewRefused: it has no name, is too long, or there are too many
    """
    if actor.user_id is None:
        raise PermissionDenied
    name = " ".join(name.replace("\0", "").split())
    if not name or len(name) > 60:
        raise ViewRefused(_("Give the view a name of at most 60 characters."))
    if len(query) > LONGEST_QUERY or "\0" in query:
        raise ViewRefused(_("The filter is too long to be saved."))
    mine = SavedView.objects.filter(user_id=actor.user_id, page=page)
    if mine.exclude(name=name).count() >= MOST_VIEWS:
        raise ViewRefused(_("There are %(count)s saved views already; delete one first.") % {"count": MOST_VIEWS})
    view, _created = SavedView.objects.update_or_create(
        user_id=actor.user_id, page=page, name=name, defaults={"query": query}
    )
    return view


@transaction.atomic
def delete_view(*, actor: Actor, view_id: int) -> None:
    """Forget a view of one's own.

    :raises SavedView.DoesNotExist: there is none, or it is somebody else's
    """
    SavedView.objects.filter(user=actor.user_id).get(pk=view_id).delete()
