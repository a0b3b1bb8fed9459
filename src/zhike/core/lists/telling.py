"""What of a list that somebody kept another may be told."""

from collections.abc import Set
from dataclasses import dataclass, replace
from functools import cached_property
from urllib.parse import parse_qsl

from zhike.core import fields
from zhike.core.actor import Actor
from zhike.core.lists.grammar import Condition, FilterInvalid, Group
from zhike.core.lists.registry import List
from zhike.core.lists.state import COUNT, State, read_state


@dataclass(frozen=True, kw_only=True)
class Told:
    """state: the list without what is withheld. is_whole: whether filter and search are as they were kept."""

    state: State
    is_whole: bool


class Teller:
    """Tells somebody of lists, as their addresses spell them, no more than they could ask themselves.

    Made once for any number of lists, since it asks the database for nothing.
    """

    def __init__(self, *, of: List, actor: Actor) -> None:
        self._list, self._actor = of, actor

    @cached_property
    def _asked(self) -> Set[str]:
        return self._list.fields_for(self._actor).keys()

    @cached_property
    def _named(self) -> Set[str]:
        """Also what nobody can ask about any more: that is no secret."""
        return self._asked | self._list.gone_for(self._actor).keys()

    @cached_property
    def _sorts(self) -> Set[str]:
        return self._list.sorts_for(self._actor).keys()

    @cached_property
    def _columns(self) -> Set[str]:
        return self._list.columns_for(self._actor).keys()

    def tell(self, query: str) -> Told:
        """An order, a column or a group that is withheld changes how a list looks and not who is in it."""
        parameters = dict(parse_qsl(query))
        if parameters.get("sort", "").removeprefix("-") not in self._sorts:
            parameters.pop("sort", None)
        try:
            state = read_state(parameters, of=self._list)
        except FilterInvalid:
            return Told(state=State(), is_whole=False)
        told = replace(
            state,
            search=state.search if self._is_open(state.search) else "",
            tree=self._opened(state.tree) or Group("all"),
            columns=tuple(key for key in state.columns if key in self._columns),
            group=state.group if state.group in self._asked else "",
            summed=state.summed if state.summed == COUNT or state.summed in self._asked else "",
        )
        return Told(state=told, is_whole=(told.search, told.tree) == (state.search, state.tree))

    def _opened(self, group: Group) -> Group | None:
        kept: list[Condition | Group] = []
        for item in group.items:
            if isinstance(item, Group):
                part = self._opened(item)
                if part is not None:
                    kept.append(part)
            elif item.field in self._named and all(map(self._is_open, item.values)):
                kept.append(item)
        return Group(group.joiner, tuple(kept)) if kept else None

    def _is_open(self, text: str) -> bool:
        """Whatever looks like a phone number is one, also where somebody looks for it among names."""
        return fields.shown_within(self._actor, text) == text
