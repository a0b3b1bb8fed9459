"""Which records are the same person or firm: the model of Fellegi and Sunter, trained on the data itself.

Splink does the arithmetic (Linacre et al. 2022), on DuckDB or on Spark; here stands how fields are compared, how blocks
are kept small, and what a threshold is worth. Source: Fellegi and Sunter (1969), A Theory for Record Linkage.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import splink.comparison_level_library as levels
from splink import Linker, SettingsCreator, block_on
from splink.comparison_library import CustomComparison

from zhike.science._linking_place import GIVEN, InProcess, OnSpark, Place

if TYPE_CHECKING:
    import pyarrow as pa
    from pyspark.sql import SparkSession

THRESHOLDS = (0.5, 0.8, 0.9, 0.95, 0.99, 0.999)
LOWEST = 0.01
FEWEST_TRAINED = 30  # pairs in a block of a training round
LARGEST_BLOCK = 60
SEED = 20261122
RANDOM_PAIRS = 1e6


@dataclass(frozen=True, kw_only=True)
class Level:
    """How alike two values may be. sql: on "column_l" and "column_r", with what Spark has too (substr, no [1:2]). m:
    how often that is so among true pairs, until the data says it better. frequent: column whose common values count
    for less."""

    name: str
    sql: str
    m: float
    frequent: str = ""


@dataclass(frozen=True, kw_only=True)
class Compared:
    """A field, from alike to not alike. known: SQL that is true where both records have it."""

    name: str
    known: tuple[str, ...]
    levels: tuple[Level, ...]


@dataclass(frozen=True, kw_only=True)
class Block:
    """Records with the same value of this SQL expression are compared. largest: beyond that many records a value says
    nothing, and is left out: a number that a shop enters for everybody who gives none."""

    name: str
    sql: str
    trains: bool = False
    largest: int = LARGEST_BLOCK


@dataclass(frozen=True, kw_only=True)
class Worth:
    """What a threshold is worth by the model: how many pairs lie above it, and which share of them is expected to be
    right."""

    threshold: float
    pair_count: int
    precision: float


@dataclass(frozen=True, kw_only=True)
class Linked:
    """pairs: Arrow with left, right (left < right), probability and for each field the weight of what it says, in bits:
    positive for the same, negative for two, 0 where one of them lacks it."""

    pairs: pa.Table
    worths: list[Worth] = field(default_factory=list)


def slips(column: str, *, most: int) -> str:
    """SQL: one value becomes the other by at most so many characters more, less, other or swapped with their neighbour
    (the distance of Damerau). A swap is two edits of Levenshtein's distance, which is asked first: it takes an eighth
    of the time, and almost all pairs are farther apart. CASE, since DuckDB tries either side of an AND first."""
    both = f"({column}_l, {column}_r)"
    return f"CASE WHEN levenshtein{both} <= {2 * most} THEN damerau_levenshtein{both} <= {most} ELSE false END"


def link(
    records: pa.Table,
    *,
    fields: Sequence[Compared],
    blocks: Sequence[Block],
    certain: str,
    recall: float = 0.7,
    lowest: float = LOWEST,
    memory: str = "3GB",
    spill: str = "",
    on_step: Callable[[str], None] = lambda _step: None,
    session: SparkSession | None = None,
) -> Linked:
    """The pairs of records that may be the same.

    records: column id and whatever the SQL of fields and blocks names; text, empty values null. certain: SQL on l and r
    that holds only for true pairs, and for about `recall` of them: where the estimate of how many there are begins.
    memory: DuckDB's limit. spill: a folder for what does not fit. on_step: is told what begins. session: of Spark,
    whose cluster compares instead.
    """
    if records.num_rows < 2:
        return Linked(pairs=records.select(["id"]).slice(0, 0).rename_columns(["left"]))
    place: Place = OnSpark(records, session) if session else InProcess(records, memory=memory, spill=spill)
    try:
        used = [one for one in fields if _is_known(place, one)]
        keys = ", ".join(_key(place, block) for block in blocks)
        place.create("records", f"SELECT *, {keys} FROM {GIVEN}")  # noqa: S608
        linker = Linker(
            place.splink("records"),
            SettingsCreator(
                link_type="dedupe_only",
                unique_id_column_name="id",
                comparisons=[_comparison(one) for one in used],
                blocking_rules_to_generate_predictions=[block_on(f"key_{block.name}") for block in blocks],
                retain_matching_columns=False,
                retain_intermediate_calculation_columns=True,
                max_iterations=15,
                probability_two_random_records_match=_prior(place, certain, recall=recall),
            ),
            log_level=logging.ERROR,
            validate_settings=False,
        )
        _train(place, linker, blocks=blocks, on_step=on_step)
        on_step("predict")
        found = linker.inference.predict(threshold_match_probability=lowest, warning_mode="never")
        return _linked(place, found.physical_name, used)
    finally:
        place.close()


def _is_known(place: Place, one: Compared) -> bool:
    """Whether enough records have the field; comparing nothing with nothing teaches nothing."""
    test = " AND ".join(f"{column} IS NOT NULL" for column in one.known)
    [count] = place.first(f"SELECT count(*) FILTER ({test}) FROM {GIVEN}")  # noqa: S608
    return bool(count > 1)


def _key(place: Place, block: Block) -> str:
    return (
        f"CASE WHEN ({block.sql}) IS NOT NULL AND count(*) OVER (PARTITION BY {block.sql}) <= {block.largest}"
        f" THEN {place.hashed(block.sql)} END AS key_{block.name}"
    )


def _prior(place: Place, certain: str, *, recall: float) -> float:
    """How likely two records are the same that one knows nothing about; as if there were one pair at least."""
    found, count = place.first(
        "SELECT (SELECT count(*) FROM records AS l JOIN records AS r ON l.id < r.id AND"  # noqa: S608
        f" {certain}), count(*) FROM records"
    )
    return float(min(0.5, max(found / recall, 1.0) / (count * (count - 1) / 2)))


def _comparison(one: Compared) -> CustomComparison:
    unknown = " OR ".join(f"{column}_l IS NULL OR {column}_r IS NULL" for column in one.known)
    rest = 1 - sum(level.m for level in one.levels)
    made: list[Any] = [levels.CustomLevel(unknown, label_for_charts="unknown").configure(is_null_level=True)]
    for level in one.levels:
        more: dict[str, Any] = {"tf_adjustment_column": level.frequent} if level.frequent else {}
        made.append(levels.CustomLevel(level.sql, label_for_charts=level.name).configure(m_probability=level.m, **more))
    made.append(levels.ElseLevel().configure(m_probability=max(rest, 0.01)))
    return CustomComparison(output_column_name=one.name, comparison_levels=made)


def _train(
    place: Place,
    linker: Linker,
    *,
    blocks: Sequence[Block],
    on_step: Callable[[str], None],
) -> None:
    """How often values agree by chance from random pairs, how often among true pairs by expectation maximisation."""
    on_step("chance")
    linker.training.estimate_u_using_random_sampling(max_pairs=RANDOM_PAIRS, seed=SEED, num_chunks=1)
    for block in blocks:
        if not block.trains:
            continue
        key = f"key_{block.name}"
        [count] = place.first(
            f"SELECT coalesce(sum(n * (n - 1) / 2), 0) FROM (SELECT count(*) AS n FROM records"  # noqa: S608
            f" WHERE {key} IS NOT NULL GROUP BY {key})"
        )
        if count >= FEWEST_TRAINED:
            on_step(f"train {block.name}")
            linker.training.estimate_parameters_using_expectation_maximisation(block_on(key))


def _weight(one: Compared) -> str:
    common = f" + mw_tf_adj_{one.name}" if any(level.frequent for level in one.levels) else ""
    return f"round(mw_{one.name}{common}, 2)::float"


def _linked(place: Place, table: str, used: Sequence[Compared]) -> Linked:
    alike = ", ".join(f"{_weight(one)} AS {one.name}" for one in used)
    pairs = place.table(
        'SELECT least(id_l, id_r) AS "left", greatest(id_l, id_r) AS "right", match_probability AS probability'  # noqa: S608
        f"{', ' if alike else ''}{alike} FROM {table} ORDER BY probability DESC, 1, 2"
    )
    worths = []
    for threshold in THRESHOLDS:
        count, precision = place.first(
            "SELECT count(*), avg(match_probability) FROM"  # noqa: S608
            f" {table} WHERE match_probability >= {threshold}"
        )
        if count:
            worths.append(Worth(threshold=threshold, pair_count=int(count), precision=float(precision)))
    return Linked(pairs=pairs, worths=worths)
