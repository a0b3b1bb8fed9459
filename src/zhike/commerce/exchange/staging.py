"""Order lines on their way into staging: each line short, its customer and product standing once in tables of their
own, named by the number of the first row that mentions them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zhike.commerce.exchange.fields import PARTY_CODES
from zhike.customers.exchange.party import LIMITS as LONGEST
from zhike.customers.exchange.party import Party
from zhike.exchange.files import ROW
from zhike.exchange.registry import Cells, Stager
from zhike.exchange.run import Plan

if TYPE_CHECKING:
    import polars as pl

SEPARATOR = "\x1f"
# What says who the customer is; a country alone does not.
NAMING = ("external_id", "name", "phone", "email")
CURRENCY_WORDS = {"人民币": "CNY", "元": "CNY", "RMB": "CNY", "￥": "CNY", "¥": "CNY", "美元": "USD", "$": "USD"}
CURRENCY_WORDS |= {"港币": "HKD", "港元": "HKD", "欧元": "EUR", "€": "EUR", "英镑": "GBP", "£": "GBP", "日元": "JPY"}
LINE = {
    "row": "bigint",
    "number": "text",
    "party": "bigint",
    "product": "bigint",
    "placed_at": "timestamptz",
    "quantity": "numeric",
    "unit_price": "numeric",
    "amount": "numeric",
    "currency": "text",
    "channel": "text",
    "store": "text",
}
GOODS = {"row": "bigint", "product": "bigint", "code": "text", "name": "text", "category": "text"}
LIMITS = {"number": 100, "product_code": 100, "product_name": 300, "product_category": 100, "channel": 50, "store": 100}
LIMITS |= {code: LONGEST[name] for name, code in PARTY_CODES.items() if name in LONGEST}


class OrderStager(Stager):
    """Remembers, while the file passes, which customers and products it has met."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.party = Party(plan, PARTY_CODES)
        self.tables = {"rows": LINE, "party": self.party.table, "goods": GOODS}
        self._parties: dict[str, int] = {}
        self._products: dict[str, int] = {}
        self._names: dict[str, int] = {}

    def frames(self, cells: Cells) -> dict[str, pl.DataFrame]:
        import polars as pl

        rows = cells.frame[ROW].alias("row")
        parties, is_new_party = _number(rows, self._party_keys(cells), self._parties)
        code, name, category = (self._value(cells, f"product_{part}") for part in ("code", "name", "category"))
        # Where the source has no codes, the name is the code.
        code = code.zip_with(code.is_not_null(), name.str.slice(0, LIMITS["product_code"]))
        products, _ = _number(rows, code, self._products)
        told = pl.DataFrame([rows, products.alias("product"), code.alias("code"), name, category]).rename(
            {"product_name": "name", "product_category": "category"}
        )
        _, is_new_name = _number(rows, _concatenated(told.select("code", "name", "category")), self._names)
        lines = [
            rows,
            self._value(cells, "number"),
            parties.alias("party"),
            products.alias("product"),
            *(self._value(cells, name) for name in ("placed_at", "quantity", "unit_price", "amount")),
            self._value(cells, "currency").str.strip_chars().str.to_uppercase().replace(CURRENCY_WORDS),
            *(self._value(cells, name) for name in ("channel", "store")),
        ]
        return {
            "rows": pl.DataFrame(lines),
            "party": self.party.frame(Cells(cells.frame.filter(is_new_party))),
            "goods": told.filter(is_new_name & told["product"].is_not_null()),
        }

    def _party_keys(self, cells: Cells) -> pl.Series:
        """All that the row says about its customer; null where it does not say who that is: an anonymous order."""
        import polars as pl

        naming = [f"value {column}" for code in NAMING for column in self.party.columns_of(code)]
        if not naming:
            return pl.repeat(None, cells.frame.height, dtype=pl.String, eager=True)
        everything = _concatenated(cells.frame.select([f"value {column}" for column in self.party.file_columns]))
        is_named = cells.frame.select(pl.any_horizontal(pl.col(naming).is_not_null())).to_series()
        return everything.set(~is_named, None)

    def _value(self, cells: Cells, code: str) -> pl.Series:
        """The first column for the field that is not blank in the row."""
        import polars as pl

        columns = [pl.col(f"value {column}") for column in self.plan.columns_of(code)]
        if not columns:
            return pl.repeat(None, cells.frame.height, dtype=pl.String, eager=True).alias(code)
        return cells.frame.select(pl.coalesce(columns).alias(code)).to_series()


def _concatenated(frame: pl.DataFrame) -> pl.Series:
    import polars as pl

    return frame.select(pl.concat_str(pl.all().fill_null(""), separator=SEPARATOR)).to_series()


def _number(rows: pl.Series, keys: pl.Series, known: dict[str, int]) -> tuple[pl.Series, pl.Series]:
    """For each key the number of the row it first came in, null for no key; and whether that is this row."""
    import polars as pl

    told = pl.DataFrame([rows.alias("row"), keys.alias("key")])
    firsts = told.drop_nulls("key").unique("key", keep="first", maintain_order=True)
    remembered = map(known.setdefault, firsts["key"], firsts["row"])
    numbers = pl.DataFrame([firsts["key"], pl.Series("number", list(remembered), dtype=pl.Int64)])
    series = told.join(numbers, on="key", how="left", maintain_order="left")["number"]
    return series, (series == rows).fill_null(value=False)
