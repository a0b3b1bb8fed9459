"""How well doubles are found: Febrl's persons with known truth, and the demo company's with documented noise.

Both go through what the product compares with (`zhike.science.linkage`); the truth is asked afterwards.
"""

from collections import Counter
from collections.abc import Hashable, Iterable, Mapping, Sequence
from pathlib import Path

import polars as pl

from zhike.core.text import normal, pinyin
from zhike.demo.doubles import ENTITY, make_doubles
from zhike.duplicates import measures
from zhike.science.linkage import Block, Compared, Level, Linked, link, slips

THRESHOLD = 0.5
CHINESE = 20_000
FEBRL_COLUMNS = (
    *("rec_id", "given", "surname", "number", "street", "place", "suburb", "postcode", "state", "birth"),
    "soc_sec_id",
)


def _text(name: str, *, near: float = 0.9, far: float = 0.75) -> Compared:
    return Compared(
        name=name,
        known=(name,),
        levels=(
            Level(name="the same", sql=f"{name}_l = {name}_r", m=0.7, frequent=name),
            Level(name="nearly", sql=f"jaro_winkler_similarity({name}_l, {name}_r) >= {near}", m=0.15),
            Level(name="alike", sql=f"jaro_winkler_similarity({name}_l, {name}_r) >= {far}", m=0.05),
        ),
    )


def _digits(name: str, wrong: int) -> Compared:
    near = tuple(Level(name=f"{count} wrong", sql=slips(name, most=count), m=0.05) for count in range(1, wrong + 1))
    return Compared(name=name, known=(name,), levels=(Level(name="the same", sql=f"{name}_l = {name}_r", m=0.8), *near))


FEBRL_FIELDS = (
    *map(_text, ("given", "surname", "street", "place", "suburb")),
    _digits("birth", 2),
    _digits("postcode", 1),
    _digits("number", 1),
    Compared(name="state", known=("state",), levels=(Level(name="the same", sql="state_l = state_r", m=0.9),)),
)
FEBRL_BLOCKS = (
    Block(name="birth", sql="birth", trains=True),
    Block(name="names", sql="surname || given", trains=True),
    Block(name="post", sql="postcode || surname", trains=True),
    Block(name="given_post", sql="postcode || given"),
    Block(name="street", sql="street"),
    Block(name="place", sql="place"),
    Block(name="house", sql="suburb || number"),
    Block(name="given_suburb", sql="given || suburb"),
    Block(name="suburb", sql="surname || suburb"),
    Block(name="post_number", sql="postcode || number"),
    Block(name="surname_year", sql="surname || birth[1:4]"),
    Block(name="given_year", sql="given || birth[1:4]"),
    Block(name="month_suburb", sql="birth[1:6] || suburb"),
)


def febrl4_f1(folder: Path) -> float:
    """Pairwise F1 on dataset 4 without `soc_sec_id`; folder: with dataset4a.csv and dataset4b.csv."""
    parts = [pl.read_csv(folder / f"dataset4{part}.csv", infer_schema=False) for part in "ab"]
    raw = pl.concat([part.rename(dict(zip(part.columns, FEBRL_COLUMNS, strict=True))) for part in parts])
    raw = raw.with_columns(pl.col(name).str.strip_chars() for name in raw.columns).drop("soc_sec_id")
    entities = raw["rec_id"].str.split("-").list.get(1).to_list()
    known = raw.drop("rec_id").with_row_index("id").with_columns(pl.col("id").cast(pl.Int64))
    known = known.with_columns(
        pl.when(pl.col(name) != "").then(pl.col(name)).alias(name) for name in known.columns if name != "id"
    )
    found = link(
        known.to_arrow(compat_level=pl.CompatLevel.oldest()),
        fields=FEBRL_FIELDS,
        blocks=FEBRL_BLOCKS,
        certain="l.birth = r.birth AND l.surname = r.surname",
        recall=0.6,
    )
    return f1(pairs_of(found), entities)


def zh_f1(count: int = CHINESE) -> float:
    """Pairwise F1 on the generated Chinese file, persons and firms together."""
    made = make_doubles(count)
    found = measures.scan(as_stored(made))
    return f1([*pairs_of(found.persons), *pairs_of(found.firms)], made[ENTITY].to_list())


def as_stored(made: pl.DataFrame) -> pl.DataFrame:
    """The rows as an import stores them, in the columns that the scan reads; ids are places in the file."""
    kinds = ["organisation" if kind == "企业" else "person" for kind in made["客户类型"]]
    names = made["客户名称"].to_list()
    forms = {"organisation": normal.organisation_name, "person": normal.person_name}
    columns: Mapping[str, Sequence[object]] = {
        "id": range(len(made)),
        "kind": kinds,
        "name": [forms[kind](name) for kind, name in zip(kinds, names, strict=True)],
        "reading": [pinyin.reading(name, kind) for kind, name in zip(kinds, names, strict=True)],
        "phones": [normal.phone(value) or "" for value in made["手机号"]],
    }
    same = {"province": "省份", "city": "城市", "birthday": "生日", "emails": "邮箱", "codes": "统一社会信用代码"}
    return pl.DataFrame({**columns, **{name: made[theirs] for name, theirs in same.items()}, "address": made["地址"]})


def pairs_of(found: Linked) -> list[tuple[int, int]]:
    if not found.pairs.num_rows:
        return []
    columns = (found.pairs.column(name).to_pylist() for name in ("left", "right", "probability"))
    return [(left, right) for left, right, probability in zip(*columns, strict=True) if probability >= THRESHOLD]


def f1(pairs: Iterable[tuple[int, int]], entities: Sequence[Hashable]) -> float:
    """Of pairs of places, against who is who."""
    told = list(pairs)
    right = sum(entities[left] == entities[other] for left, other in told)
    truth = sum(count * (count - 1) // 2 for count in Counter(entities).values())
    precision, recall = right / max(1, len(told)), right / truth
    return 2 * precision * recall / max(precision + recall, 1e-9)
