"""Where apps put what a list or a record page can show; lower pages never import the apps above them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import FunctionType
from typing import Any

from django.db.models import Model, Q
from django.utils.functional import Promise

from zhike.core import fields
from zhike.core.actor import Actor, Sight
from zhike.core.lists.operators import BY_KIND, NIL, Asking, Kind
from zhike.core.paging import Phase

type Label = str | Promise
type Compile = Callable[[str, list[Any], Asking], Q]
type Choices = Callable[[Actor], Sequence[tuple[str, str]]]
type Naming = Callable[[Sequence[str]], Mapping[str, str]]


def no_choices(actor: Actor) -> Sequence[tuple[str, str]]:
    return ()


@dataclass(frozen=True, kw_only=True)
class Field:
    """Something a list can be filtered by.

    path: the column, from the list's model. compile: (operator, values, asking) → Q instead of a plain column; an
    upper app writes Exists or `pk__in` over its own tables here. choices: values to choose from, as (value, label).
    naming: labels of a few values, where reading all choices for a chip would cost too much.
    operators: fewer than the kind's own where not all make sense. permission: asked of the actor; empty for all.
    reads: the record's fields that the answer tells of; who does not read them all cannot ask, for the number of rows
    found would tell. is_typed: whether the editor offers it; what must not stand in an address is asked on a page of
    its own. section: under which word the editor offers it. is_within: asks about the last so many days, whose number
    is the first value, and stands for “…” in the label. knows_me: takes “me” for whoever asks.
    sweep: like compile, by one look at the whole table instead of one for each row. compile is quick where many rows
    answer, sweep where few do; a list takes the second where the first takes too long. is_computed: worked out for each
    row, with neither an index nor such a look.
    """

    key: str
    label: Label
    kind: Kind
    reads: tuple[str, ...]
    path: str = ""
    nullable: bool = False
    compile: Compile | None = None
    choices: Choices = no_choices
    naming: Naming | None = None
    operators: tuple[str, ...] = ()
    permission: str = ""
    is_typed: bool = True
    section: Label = ""
    is_within: bool = False
    knows_me: bool = False
    sweep: Compile | None = None
    is_computed: bool = False

    def labels(self, values: Sequence[str], actor: Actor) -> Mapping[str, str]:
        """What the values are called; those that are missing speak for themselves."""
        if not values:
            return {}
        return dict(self.choices(actor)) if self.naming is None else self.naming(values)

    @property
    def allowed(self) -> tuple[str, ...]:
        """Only what can be empty may be asked whether it is."""
        if self.operators:
            return self.operators
        if self.nullable or self.compile or self.kind in (Kind.TEXT, Kind.CHOICE):
            return BY_KIND[self.kind]
        return tuple(key for key in BY_KIND[self.kind] if key not in NIL)


@dataclass(frozen=True, kw_only=True)
class Grouping:
    """Rows that stand together because a field says the same.

    key: the field of the list that asks for one of them (with the operator, or “is empty” where nothing is said). of:
    what the row says, as an expression or a path, or a function of who asks. edit: the record's field that moving a
    row to another group changes; empty where it is worked out. is_monthly: the row says a month, as its first day or as
    “2026-11”, of a field that is asked with “between”. is_many: a row can stand in several groups.
    likely: all that rows say, the most frequent first, found quicker than the groups themselves.
    """

    key: str
    of: Any
    edit: str = ""
    operator: str = "is"
    is_monthly: bool = False
    is_many: bool = False
    likely: Callable[[], Sequence[str]] | None = None

    def expression(self, asking: Asking) -> Any:
        return self.of(asking) if isinstance(self.of, FunctionType) else self.of


@dataclass(frozen=True, kw_only=True)
class Total:
    """A figure of rows that can be added up. key: the field of the list. of: an expression or a path. unit: "money" in
    the company's currency."""

    key: str
    of: Any
    unit: str = "money"


@dataclass(frozen=True, kw_only=True)
class Gone:
    """What a list could be filtered by and cannot any more. reads: without them nobody is told that there was such."""

    label: Label
    reads: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Sort:
    """An order that an index answers. descending, ascending: the keyset each way, or the phases that make it.

    reads: the record's fields that the order tells of. expressions: annotations that the keysets name. is_computed: no
    index holds them, so that a page takes as long as all rows do.
    """

    key: str
    label: Label
    reads: tuple[str, ...]
    descending: tuple[str, ...] | tuple[Phase, ...]
    ascending: tuple[str, ...] | tuple[Phase, ...]
    first_descending: bool = True
    expressions: Mapping[str, Any] = field(default_factory=dict)
    is_computed: bool = False


@dataclass(frozen=True, kw_only=True)
class Column:
    """What a list can show of a row.

    values: paths the cell needs. expressions: annotations by name, for upper apps (for example a Subquery on the
    row's key). cell: (row values, style) → HTML-safe text. sort: key of the order its head offers. edit: the field
    that a double click on the cell edits. opening: puts what stands encrypted into the row as text, in place of its
    expressions, before anything is masked. reads: values and expressions, by name, to the record's field that stands
    there.
    """

    key: str
    label: Label
    reads: Mapping[str, str]
    cell: Callable[[Mapping[str, Any], Any], str]
    values: tuple[str, ...] = ()
    expressions: Mapping[str, Any] = field(default_factory=dict)
    sort: str = ""
    numeric: bool = False
    is_default: bool = True
    edit: str = ""
    permission: str = ""
    text: Callable[[Mapping[str, Any]], Any] | None = None  # the value as an export writes it
    opening: Callable[[dict[str, Any]], None] | None = None


@dataclass(frozen=True, kw_only=True)
class Parts:
    """What a list has besides what apps register: by the fields that a company adds itself."""

    fields: Mapping[str, Field] = field(default_factory=dict)
    sorts: Mapping[str, Sort] = field(default_factory=dict)
    columns: Mapping[str, Column] = field(default_factory=dict)
    gone: Mapping[str, Gone] = field(default_factory=dict)
    groupings: Mapping[str, Grouping] = field(default_factory=dict)
    sums: Mapping[str, Total] = field(default_factory=dict)


NO_PARTS = Parts()


class ListUnknown(LookupError):
    """No app defined this list: a mistake in the code."""


@dataclass(kw_only=True)
class List:
    """Fields, orders and columns of one model's list, filled by its own app and those above it.

    source: what else there is at this moment; asked anew each time, so it has to remember.
    """

    key: str
    model: type[Model]
    source: Callable[[], Parts] = lambda: NO_PARTS
    fixed_fields: dict[str, Field] = field(default_factory=dict)
    fixed_sorts: dict[str, Sort] = field(default_factory=dict)
    fixed_columns: dict[str, Column] = field(default_factory=dict)
    fixed_groupings: dict[str, Grouping] = field(default_factory=dict)
    fixed_sums: dict[str, Total] = field(default_factory=dict)

    @property
    def fields(self) -> Mapping[str, Field]:
        return {**self.fixed_fields, **self.source().fields}

    @property
    def sorts(self) -> Mapping[str, Sort]:
        return {**self.fixed_sorts, **self.source().sorts}

    @property
    def columns(self) -> Mapping[str, Column]:
        return {**self.fixed_columns, **self.source().columns}

    @property
    def groupings(self) -> Mapping[str, Grouping]:
        return {**self.fixed_groupings, **self.source().groupings}

    @property
    def sums(self) -> Mapping[str, Total]:
        return {**self.fixed_sums, **self.source().sums}

    def add(self, *parts: Field | Sort | Column | Grouping | Total) -> None:
        for part in parts:
            match part:
                case Field():
                    self.fixed_fields[part.key] = part
                case Sort():
                    self.fixed_sorts[part.key] = part
                case Column():
                    self.fixed_columns[part.key] = part
                case Grouping():
                    self.fixed_groupings[part.key] = part
                case Total():
                    self.fixed_sums[part.key] = part

    def fields_for(self, actor: Actor) -> dict[str, Field]:
        return {
            key: item
            for key, item in self.fields.items()
            if _open(item.permission, actor) and fields.reads(actor, item.reads)
        }

    def groupings_for(self, actor: Actor) -> dict[str, Grouping]:
        """Those whose field the actor may ask about."""
        known = self.fields_for(actor)
        return {key: item for key, item in self.groupings.items() if key in known}

    def sums_for(self, actor: Actor) -> dict[str, Total]:
        known = self.fields_for(actor)
        return {key: item for key, item in self.sums.items() if key in known}

    def gone_for(self, actor: Actor) -> dict[str, str]:
        """Labels of what can't be asked any more, as far as the actor may know of it."""
        return {key: str(one.label) for key, one in self.source().gone.items() if fields.reads(actor, one.reads)}

    def sorts_for(self, actor: Actor) -> dict[str, Sort]:
        return {key: item for key, item in self.sorts.items() if fields.reads(actor, item.reads)}

    def columns_for(self, actor: Actor) -> dict[str, Column]:
        """Without those of hidden fields; a head orders, and a cell is edited, only where the actor may."""
        sorts = self.sorts_for(actor)
        found = {}
        for key, item in self.columns.items():
            sights = [fields.sight(actor, field) for field in item.reads.values()]
            if not _open(item.permission, actor) or Sight.HIDDEN in sights:
                continue
            sort = item.sort if item.sort in sorts else ""
            edit = item.edit if all(sight is Sight.WRITE for sight in sights) else ""
            found[key] = item if (sort, edit) == (item.sort, item.edit) else replace(item, sort=sort, edit=edit)
        return found


def _open(permission: str, actor: Actor) -> bool:
    return not permission or actor.may(permission)


_lists: dict[str, List] = {}


def define(key: str, model: type[Model]) -> List:
    """The list under this key, made on first use; called when apps become ready."""
    return _lists.setdefault(key, List(key=key, model=model))


def get(key: str) -> List:
    try:
        return _lists[key]
    except KeyError:
        raise ListUnknown(key) from None
