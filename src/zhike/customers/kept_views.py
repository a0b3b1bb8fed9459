"""Saved views of the customer list as somebody may know of them."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from zhike.accounts.models import SavedView
from zhike.core import fields
from zhike.core.actor import Actor
from zhike.core.lists import registry
from zhike.core.lists.telling import Teller, Told
from zhike.customers.listing import KEY

ADDRESS = "/customers/"


@dataclass(frozen=True, kw_only=True)
class KeptView:
    """A view as the actor may know of it: its address spells nothing that they could not ask."""

    view: SavedView
    actor: Actor
    teller: Teller

    @property
    def is_own(self) -> bool:
        """One's own words are no news to oneself."""
        return self.view.user_id == self.actor.user_id

    @property
    def name(self) -> str:
        return self.view.name if self.is_own else fields.shown_within(self.actor, self.view.name)

    @cached_property
    def told(self) -> Told:
        """Its list as far as the actor could ask for it."""
        return self.teller.tell(self.view.query)

    @property
    def query(self) -> str | None:
        """Of the list that it leads to; None where no address may spell it."""
        if self.is_own:
            return self.view.query
        return self.told.state.query() if self.told.is_whole else None

    @property
    def url(self) -> str:
        query = self.query
        return f"{ADDRESS}?view={self.view.pk}" if query is None else list_address(query)


def know_views(*, actor: Actor, views: Iterable[SavedView]) -> list[KeptView]:
    teller = Teller(of=registry.get(KEY), actor=actor)
    return [KeptView(view=view, actor=actor, teller=teller) for view in views]


def know_view(*, actor: Actor, view: SavedView) -> KeptView:
    (found,) = know_views(actor=actor, views=[view])
    return found


def list_address(query: str) -> str:
    """With nothing in it, the list would open with the view that somebody chose for that."""
    return f"{ADDRESS}?{query or 'all=1'}"
