"""The customer list: a page of rows, their count, all of them for an export, and the address of a filtered one."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet

from zhike.core import fields
from zhike.core.acting import is_bound_to, seeing_everything
from zhike.core.actor import Actor
from zhike.core.lists import registry
from zhike.core.lists.conditions import compile_tree, is_dear
from zhike.core.lists.operators import Asking
from zhike.core.lists.patience import find_in_time
from zhike.core.lists.registry import Column
from zhike.core.lists.state import State, columns_of, order_of, tree_of
from zhike.core.paging import Count, Page, Phase, Rows, count_up_to, phases_of
from zhike.customers.cells import Style
from zhike.customers.listing import KEY
from zhike.customers.listing.sorts import NEWEST
from zhike.customers.models import Customer, CustomerQuerySet, CustomerSearch
from zhike.customers.searching import find_newest, holding, in_sight, matching
from zhike.customers.selectors.reaching import count_reached, is_ordered, newest_reached, ordered_reached
from zhike.customers.sought_fields import list_holding

VIEW = CustomerQuerySet.view_permission
WINDOW = 10_000
BEYOND = 2**63 - 1


@dataclass(frozen=True, kw_only=True)
class Row:
    """A customer as the list shows it. cells: safe HTML in the order of the columns."""

    pk: int
    cells: list[str]


@dataclass(frozen=True, kw_only=True)
class ListPage:
    """One page of the list. next_cursor: empty on the last one."""

    columns: list[Column]
    rows: list[Row]
    next_cursor: str


def list_customers(*, actor: Actor, asking: Asking, state: State, page: Page, style: Style) -> ListPage:
    """The customers the actor may see, filtered and in order.

    :raises zhike.core.lists.grammar.FilterInvalid: the filter asks for what does not exist
    :raises zhike.core.paging.CursorInvalid: the cursor belongs to another order
    """
    columns = columns_of(state, of=registry.get(KEY), actor=actor)
    found = find_customers(actor=actor, asking=asking, state=state, page=page)
    # The order is found on narrow rows; only the fifty that are shown pay for names, figures and identifiers.
    known = _read_rows(found.items, columns, actor)
    rows = [known[pk] for pk in found.items if pk in known]
    return ListPage(
        columns=columns,
        rows=[Row(pk=row["pk"], cells=[column.cell(row, style) for column in columns]) for row in rows],
        next_cursor=found.next_cursor,
    )


def draw_cell(*, actor: Actor, customer_id: int, column: Column, style: Style) -> str:
    """What the list shows of a customer whom the caller has found visible, as safe HTML."""
    return column.cell(_read_rows([customer_id], [column], actor)[customer_id], style)


def _read_rows(keys: Sequence[int], columns: list[Column], actor: Actor) -> dict[int, dict[str, Any]]:
    known = {row["pk"]: row for row in values_of(Customer.objects.filter(pk__in=keys), columns)}
    masks, openings = masks_of(columns, actor), openings_of(columns)
    if masks or openings:
        for row in known.values():
            make_readable(row, openings, masks)
    return known


def count_customers(*, actor: Actor, asking: Asking, state: State, ceiling: int = 10_000) -> Count:
    """How many customers the list holds, exact up to the ceiling."""
    if not state.is_filtered and is_bound_to(actor):
        reached = count_reached(limit=ceiling + 1)
        return Count(min(reached, ceiling), reached > ceiling)

    def count(sweeps: bool = False) -> Count:
        with seeing_everything():
            return count_up_to(_chosen(actor, asking, state, sweeps), ceiling=ceiling)

    return find_in_time(count) if is_dear(state.tree, of=registry.get(KEY)) else count()


def masks_of(columns: list[Column], actor: Actor) -> dict[str, fields.Mask]:
    """What covers the values of these columns, by their paths; worked out once, whatever the number of rows."""
    return fields.covers(actor, {path: field for column in columns for path, field in column.reads.items()})


def openings_of(columns: list[Column]) -> list[Callable[[dict[str, Any]], None]]:
    return [column.opening for column in columns if column.opening is not None]


def make_readable(
    row: dict[str, Any], openings: list[Callable[[dict[str, Any]], None]], masks: dict[str, fields.Mask]
) -> None:
    for opening in openings:
        opening(row)
    fields.cover_row(row, masks)


def list_url(*, search: str = "", sort: str = "", **conditions: object) -> str:
    """The address of the list with a filter, for figures that link to the customers behind them.

    conditions: field to value ("is"), list or set ("is one of"), pair (a range, None for an open end); a key of
    `customers.listing.fields`. Example: `list_url(grade="top", last_order=(None, "2026-08-01"))`.
    """
    state = State(
        search=search, tree=tree_of(**conditions), sort=sort.removeprefix("-"), is_descending=sort.startswith("-")
    )
    query = state.query()
    return f"/customers/?{query}" if query else "/customers/"


def find_customers(*, actor: Actor, asking: Asking, state: State, page: Page) -> Rows[int]:
    """The keys of the page's customers, in order.

    Found by the predicate alone: an index of search pieces or of amounts is no use to PostgreSQL under a policy, whose
    operators could tell of rows that it hides. The rows themselves are read under the policy afterwards.

    :raises zhike.core.lists.grammar.FilterInvalid: the filter asks for what does not exist
    :raises zhike.core.paging.CursorInvalid: the cursor belongs to another order
    """

    def find(sweeps: bool = False) -> Rows[int]:
        return _find(actor, asking, state, page, sweeps)

    order, _is_descending = order_of(state, of=registry.get(KEY), actor=actor)
    return find_in_time(find) if order.is_computed or is_dear(state.tree, of=registry.get(KEY)) else find()


def _find(actor: Actor, asking: Asking, state: State, page: Page, sweeps: bool) -> Rows[int]:
    sort, is_descending = order_of(state, of=registry.get(KEY), actor=actor)
    if sort.key == NEWEST and is_descending:
        if state.search and actor.reach_of(VIEW).is_all:
            return _find_newest_matching(actor, asking, state, page)
        # The function looks at the whole text of a search row.
        if not state.tree.items and is_bound_to(actor) and not in_sight(state.search, actor):
            return _find_newest(page, actor, state.search)
    order = sort.descending if is_descending else sort.ascending
    by = tuple(part for part in order if isinstance(part, str))
    phases = [part for part in order if isinstance(part, Phase)] or phases_of(Customer, by)
    keys = {name.removeprefix("-") for phase in phases for name in phase.by}

    def find_stretch(phase: Phase, after: Sequence[Any] | None, limit: int) -> Sequence[Any]:
        if not state.is_filtered and is_bound_to(actor) and is_ordered(phase):
            return ordered_reached(phase, actor=actor, after=after, limit=limit)
        rows = _chosen(actor, asking, state, sweeps).annotate(**sort.expressions)
        rows = rows.filter(phase.beyond(after)).order_by(*phase.by)
        with seeing_everything():
            return list(rows.values("pk", *sorted(keys - {"pk"}))[:limit])

    found = page.collect(find_stretch, phases, of=Customer._meta.label)
    return Rows(items=[row["pk"] for row in found.items], next_cursor=found.next_cursor)


def choose_customers(*, actor: Actor, asking: Asking, state: State, sweeps: bool = True) -> CustomerQuerySet:
    """All customers of the list, in no order, for what is done to each of them. Not read: under the policies, some
    conditions find no index.

    :raises zhike.core.lists.grammar.FilterInvalid: the filter asks for what does not exist
    """
    return _chosen(actor, asking, state, sweeps)


def _find_newest(page: Page, actor: Actor, search: str) -> Rows[int]:
    """Of those whom whoever acts sees."""
    names = [["-pk"]]
    _phase, keys = page.position(names, of=KEY)
    below, limit = keys[0] if keys else BEYOND, page.size + 1
    found = find_newest(search, below=below, limit=limit) if search else newest_reached(below=below, limit=limit)
    found = _with_fields(found, actor, Customer.objects.visible_to(actor), search, below, limit)
    cut = page.cut([(0, {"pk": pk}) for pk in found], names, of=KEY)
    return Rows(items=[row["pk"] for row in cut.items], next_cursor=cut.next_cursor)


def _find_newest_matching(actor: Actor, asking: Asking, state: State, page: Page) -> Rows[int]:
    """Looks at the newest rows first, and asks the index only for words too rare to fill the page from them.

    PostgreSQL misjudges how often pieces of a word occur together, and would fetch tens of thousands of rows of a
    frequent word to show fifty.
    """
    names = [["-pk"]]
    _phase, keys = page.position(names, of=KEY)
    last = Customer.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
    below = keys[0] if keys else last + 1
    rows: QuerySet[Any] = CustomerSearch.objects.all()
    if state.tree.items:
        rows, prefix = _filtered(actor, asking, state), "search__"
    else:
        prefix = ""
    rows = rows.filter(in_sight(state.search, actor, prefix=prefix))
    near = rows.filter(holding(state.search, prefix=prefix), pk__lt=below, pk__gte=below - WINDOW)
    found = list(near.order_by("-pk").values_list("pk", flat=True)[: page.size + 1])
    if len(found) <= page.size and below > WINDOW:
        far = rows.filter(matching(state.search, prefix=prefix), pk__lt=below - WINDOW)
        found += far.order_by("-pk").values_list("pk", flat=True)[: page.size + 1 - len(found)]
    found = _with_fields(found, actor, _filtered(actor, asking, state), state.search, below, page.size + 1)
    cut = page.cut([(0, {"pk": pk}) for pk in found], names, of=KEY)
    return Rows(items=[row["pk"] for row in cut.items], next_cursor=cut.next_cursor)


def _with_fields(
    found: list[int], actor: Actor, rows: CustomerQuerySet, typed: str, below: int, limit: int
) -> list[int]:
    """The newest of those found and of those whose own fields hold the words. rows: whom the list may show."""
    holding_it = list_holding(actor, typed) if typed else []
    if not holding_it:
        return found
    with seeing_everything():
        others = rows.filter(pk__in=_united(holding_it), pk__lt=below).order_by("-pk").values_list("pk", flat=True)
        return sorted({*found, *others[:limit]}, reverse=True)[:limit]


def _united(parts: "Sequence[QuerySet[Customer, Any]]") -> "QuerySet[Customer, Any]":
    return parts[0].union(*parts[1:]) if len(parts) > 1 else parts[0]


def _filtered(actor: Actor, asking: Asking, state: State, sweeps: bool = False) -> CustomerQuerySet:
    rows = Customer.objects.visible_to(actor)
    if not state.tree.items:
        return rows
    return rows.filter(compile_tree(state.tree, of=registry.get(KEY), asking=asking, sweeps=sweeps))


def _chosen(actor: Actor, asking: Asking, state: State, sweeps: bool = False) -> CustomerQuerySet:
    rows = _filtered(actor, asking, state, sweeps)
    if not state.search:
        return rows
    others = list_holding(actor, state.search)
    if not others:
        return rows.filter(matching(state.search), in_sight(state.search, actor))
    named = Customer.objects.filter(matching(state.search), in_sight(state.search, actor)).values("pk")
    return rows.filter(pk__in=_united([named, *others]))


def values_of(rows: CustomerQuerySet, columns: list[Column]) -> Any:
    expressions: dict[str, Any] = {}
    names = {"pk"}
    for column in columns:
        expressions.update(column.expressions)
        names.update(column.values)
    return rows.annotate(**expressions).values(*sorted(names), *expressions)
