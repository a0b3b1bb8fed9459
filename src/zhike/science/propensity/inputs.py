"""What propensities are learnt from: features as numbers, and whether it happened."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Self

import numpy as np

if TYPE_CHECKING:
    import pyarrow as pa

type Floats = np.ndarray[Any, np.dtype[np.float64]]
type Integers = np.ndarray[Any, np.dtype[np.int64]]
type Booleans = np.ndarray[Any, np.dtype[np.bool_]]

FEWEST = 10  # of each class


class InputsInvalid(ValueError):
    """Features that are no numbers or names, endless, of different lengths, or not those that were learnt."""


class LabelInvalid(ValueError):
    """A label that is neither 0 nor 1, or missing."""


class OneClass(ValueError):
    """It happened to everybody or to nobody, so there is nothing to tell apart."""


class TooFew(ValueError):
    """It happened, or did not happen, to so few that nothing can be learnt from them."""


@dataclass(frozen=True, kw_only=True)
class Inputs:
    """values: a row for each customer, a column for each name; NaN is missing. levels: of features that are names, the
    names; values hold their places.

    :raises InputsInvalid: the shapes differ, or a value is endless
    """

    names: tuple[str, ...]
    values: Floats
    levels: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.values.ndim != 2 or self.values.shape[1] != len(self.names):
            raise InputsInvalid(f"{len(self.names)} names for values of the shape {self.values.shape}")
        if len(set(self.names)) != len(self.names):
            raise InputsInvalid("two features have one name")
        if np.isinf(self.values).any():
            endless = [name for name, column in zip(self.names, self.values.T, strict=True) if np.isinf(column).any()]
            raise InputsInvalid(f"endless values: {', '.join(endless)}")

    def __len__(self) -> int:
        return len(self.values)

    @classmethod
    def of_arrow(cls, rows: pa.Table, *, like: Inputs | None = None) -> Self:
        """Numbers, booleans and decimals as numbers, strings by their places among all that there are, in order.

        like: inputs that were learnt from; the same features are taken in the same order, and a name that was not
        among theirs is missing.

        :raises InputsInvalid: a column is neither of these, or one of `like` is not there
        """
        names = tuple(rows.column_names) if like is None else like.names
        if missing := [name for name in names if name not in rows.column_names]:
            raise InputsInvalid(f"missing: {', '.join(missing)}")
        levels: dict[str, tuple[str, ...]] = {}
        columns = []
        for name in names:
            known = None if like is None else like.levels.get(name)
            column, found = _column(name, rows[name], known)
            columns.append(column)
            if found is not None:
                levels[name] = found
        values = np.column_stack(columns) if columns else np.empty((rows.num_rows, 0))
        return cls(names=names, values=values, levels=levels)

    def rows(self, places: Any) -> Inputs:
        return replace(self, values=self.values[places])

    def without(self, names: Collection[str]) -> Inputs:
        """
        :raises InputsInvalid: there is no such feature
        """
        if unknown := set(names) - set(self.names):
            raise InputsInvalid(f"no such feature: {', '.join(sorted(unknown))}")
        kept = [place for place, name in enumerate(self.names) if name not in names]
        return self._columns(kept)

    def only(self, names: Sequence[str]) -> Inputs:
        """
        :raises InputsInvalid: there is no such feature
        """
        return self.without([name for name in self.names if name not in names])

    def informative(self) -> Inputs:
        """Without features that are the same for everybody, whether missing or not."""
        kept = []
        for place, column in enumerate(self.values.T):
            there = column[~np.isnan(column)]
            if len(there) and (len(there) < len(column) or there.min() < there.max()):
                kept.append(place)
        return self._columns(kept)

    def check_like(self, learnt: Inputs) -> None:
        """:raises InputsInvalid: these are not the features that were learnt"""
        if self.names != learnt.names or any(self.levels.get(name) != learnt.levels.get(name) for name in self.names):
            raise InputsInvalid("other features, or other names in them, than were learnt; make them with `like`")

    def _columns(self, places: Sequence[int]) -> Inputs:
        names = tuple(self.names[place] for place in places)
        levels = {name: self.levels[name] for name in names if name in self.levels}
        return Inputs(names=names, values=self.values[:, list(places)], levels=levels)


@dataclass(frozen=True, kw_only=True)
class Examples:
    """happened: 1 or 0. time: of each example, in any whole unit; None where it is not known. weight: how many
    customers it stands for.

    :raises LabelInvalid: a label is neither 0 nor 1
    :raises InputsInvalid: lengths differ
    """

    inputs: Inputs
    happened: Integers
    time: Integers | None = None
    weight: Floats | None = None

    def __post_init__(self) -> None:
        for column in (self.happened, self.time, self.weight):
            if column is not None and len(column) != len(self.inputs):
                raise InputsInvalid(f"{len(column)} entries for {len(self.inputs)} rows of features")
        if self.weight is not None and not (np.isfinite(self.weight) & (self.weight > 0)).all():
            raise InputsInvalid("a weight has to be more than 0")
        if not np.isin(self.happened, (0, 1)).all():
            raise LabelInvalid("a label is 0 or 1")

    def __len__(self) -> int:
        return len(self.happened)

    @classmethod
    def of_arrow(
        cls, rows: pa.Table, *, happened: str, time: str | None = None, leave_out: Collection[str] = ()
    ) -> Self:
        """From a table with a row for each example. leave_out: columns that are neither feature nor label.

        :raises LabelInvalid: a label is missing, or neither 0 nor 1
        :raises InputsInvalid: a feature is neither number nor name
        """
        label, _ = _column(happened, rows[happened], None)
        if np.isnan(label).any():
            raise LabelInvalid("a label is missing")
        if not np.isin(label, (0, 1)).all():
            raise LabelInvalid("a label is 0 or 1")
        moments = None if time is None else _moments(rows[time])
        taken = {happened, time, *leave_out}
        inputs = Inputs.of_arrow(rows.select([name for name in rows.column_names if name not in taken]))
        return cls(inputs=inputs, happened=label.astype(np.int64), time=moments)

    def rows(self, places: Any) -> Examples:
        return replace(
            self,
            inputs=self.inputs.rows(places),
            happened=self.happened[places],
            time=None if self.time is None else self.time[places],
            weight=None if self.weight is None else self.weight[places],
        )

    def without(self, names: Collection[str]) -> Examples:
        return replace(self, inputs=self.inputs.without(names))

    @property
    def weights(self) -> Floats:
        return np.ones(len(self)) if self.weight is None else self.weight

    def check(self) -> None:
        """
        :raises OneClass: it happened to everybody or to nobody
        :raises TooFew: one of the classes has fewer than ten
        """
        happened = int(self.happened.sum())
        fewer = min(happened, len(self) - happened)
        if not fewer:
            raise OneClass(f"it happened to {happened} of {len(self)}")
        if fewer < FEWEST:
            raise TooFew(f"{fewer} of {len(self)} are of the rarer class; at least {FEWEST} are needed")

    def order(self) -> Integers:
        """The places of the examples in an order that follows from what they are, not from how they came.

        By one number that tells most of them apart; features are looked at one by one where it is the same.
        """
        key = np.zeros(len(self))
        for place, column in enumerate(self.inputs.values.T, start=1):
            scale = float(np.nanmax(np.abs(column), initial=0.0)) or 1.0
            key += np.where(np.isnan(column), -2.0, column / scale) * np.sqrt(place + 1)
        time = np.zeros(len(self)) if self.time is None else self.time
        rest = (self.weights, self.happened, time)
        order = np.lexsort((*rest, key))
        same = np.diff(key[order]) == 0
        tied = np.append(False, same) | np.append(same, False)
        alike = order[tied]
        columns = self.inputs.values[alike].T
        order[tied] = alike[np.lexsort((*(each[alike] for each in rest), *columns, key[alike]))]
        return order

    def sampled(self, *, most: int, seed: int) -> Examples:
        """At most so many: everybody of the rarer class, of the other as many as there is room for, by chance and with
        the weight of those that they stand for, so that probabilities stay as they are.
        """
        if len(self) <= most:
            return self
        places, weight = self.sample(most=most, seed=seed)
        return replace(self.rows(places), weight=weight)

    def sample(self, *, most: int, seed: int) -> tuple[Integers, Floats | None]:
        """The places of those that :meth:`sampled` takes, and their weights. In the order of :meth:`order`, so that the
        same are taken however the examples came.

        :raises OneClass: it happened to everybody or to nobody
        :raises TooFew: one of the classes has fewer than ten
        """
        order = self.order()
        if len(self) <= most:
            return order, None if self.weight is None else self.weight[order]
        self.check()
        happened, weight = self.happened[order], self.weights[order]
        rarer = int(happened.sum() * 2 <= len(self))
        few, many = np.flatnonzero(happened == rarer), np.flatnonzero(happened != rarer)
        chance = np.random.default_rng(seed)
        few_kept = chance.choice(few, most // 2, replace=False) if len(few) > most // 2 else few
        many_kept = chance.choice(many, most - len(few_kept), replace=False)
        weight[few_kept] *= len(few) / len(few_kept)
        weight[many_kept] *= len(many) / len(many_kept)
        kept = np.sort(np.concatenate([few_kept, many_kept]))
        return order[kept], weight[kept]


def _column(name: str, column: pa.ChunkedArray, known: tuple[str, ...] | None) -> tuple[Floats, tuple[str, ...] | None]:
    import pyarrow as pa
    import pyarrow.compute as pc

    kind = column.type
    if pa.types.is_dictionary(kind):
        column, kind = column.cast(kind.value_type), kind.value_type
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        levels = tuple(sorted(pc.unique(column.drop_null()).to_pylist())) if known is None else known
        column = pc.index_in(column, value_set=pa.array(levels, kind), skip_nulls=True)
        return np.asarray(column.cast(pa.float64()).to_numpy(zero_copy_only=False), dtype=float), levels
    numeric = pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind)
    if known is not None or not (numeric or pa.types.is_boolean(kind) or pa.types.is_null(kind)):
        raise InputsInvalid(f"{name} holds {kind}; a feature is a number or a name")
    if pa.types.is_boolean(kind):
        column = column.cast(pa.int8())
    return np.array(column.cast(pa.float64()).to_numpy(zero_copy_only=False), dtype=float), None


def _moments(column: pa.ChunkedArray) -> Integers:
    import pyarrow as pa

    if column.null_count:
        raise InputsInvalid("a time is missing")
    if pa.types.is_date32(column.type):
        column = column.cast(pa.int32())
    return np.asarray(column.cast(pa.int64()).to_numpy(zero_copy_only=False), dtype=np.int64)
