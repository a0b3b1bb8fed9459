"""The orders: who buys when, what, for how much, and what is given back."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

import numpy as np
import polars as pl

from zhike.demo.catalogue import CORPORATE, PRODUCTS
from zhike.demo.places import CITIES
from zhike.demo.plan import ALLOCATION, PURCHASES, WALK_INS, Flags, Floats, Ints, Plan
from zhike.demo.population import PERSON_SPENDING, Population, clock_at, days_of, population
from zhike.demo.seasons import discount_of

ANONYMOUS_SHARE = 0.05
REFUND_SHARE = 0.03
WHOLE_REFUND_SHARE = 0.75
CHANNELS = ("门店", "小程序", "天猫", "京东", "抖音", "官网")
PERSON_CHANNELS = (0.34, 0.27, 0.16, 0.11, 0.09, 0.03)
FIRM_CHANNELS = (0.14, 0.22, 0.03, 0.18, 0.0, 0.43)
LOYAL_SHARE = 0.78  # of a customer's orders come through the channel they like best
HOURS = np.asarray([2, 1, 0, 0, 0, 1, 3, 8, 20, 38, 46, 44, 40, 34, 36, 40, 42, 40, 42, 52, 60, 54, 34, 12], np.float64)
_PRICES = np.asarray([product.price for product in PRODUCTS])
_FOR_PERSONS = np.flatnonzero([product.category != CORPORATE for product in PRODUCTS])
_FOR_FIRMS = np.flatnonzero([product.category == CORPORATE for product in PRODUCTS])


@dataclass(frozen=True, kw_only=True)
class Orders:
    """Sales of one chunk, a row each. customer: number in the company, -1 for nobody. second: since the first day."""

    customer: Ints
    is_firm: Flags
    city: Ints
    second: Ints
    spending: Floats


@dataclass(frozen=True, kw_only=True)
class Shares:
    """How many orders of each sort a chunk gets; the last chunk is that of the anonymous walk-ins."""

    sales: tuple[int, ...]
    refunds: tuple[int, ...]


def allocate(plan: Plan) -> Shares:
    """Spread exactly `plan.orders` over the chunks, by what their customers are likely to buy."""
    random = plan.random(ALLOCATION)
    firsts, weights = [], []
    for chunk in range(plan.chunk_count):
        people = population(plan, chunk)
        firsts.append(int((people.first_day >= 0).sum()))
        weights.append(float(people.weight.sum()))
    refunds = round(plan.orders * REFUND_SHARE)
    anonymous = round(plan.orders * ANONYMOUS_SHARE)
    later = max(0, plan.orders - refunds - anonymous - sum(firsts))
    drawn = random.multinomial(later, np.asarray(weights) / sum(weights))
    sales = [first + int(more) for first, more in zip(firsts, drawn, strict=True)]
    anonymous = plan.orders - refunds - sum(sales)
    if anonymous < 0:  # hardly any orders were asked for: fewer refunds then
        refunds, anonymous = refunds + anonymous, 0
    sold = np.asarray([*sales, anonymous], dtype=np.float64)
    bounds = np.round(np.cumsum(sold) / max(sold.sum(), 1) * refunds).astype(int)
    return Shares(sales=(*sales, anonymous), refunds=tuple(int(step) for step in np.diff(bounds, prepend=0)))


def iter_order_frames(plan: Plan) -> Iterator[pl.DataFrame]:
    """The order lines as a shop's till exports them, chunk by chunk; every cell is text."""
    shares = allocate(plan)
    offset = 0
    for chunk, (sales, refunds) in enumerate(zip(shares.sales, shares.refunds, strict=True)):
        if chunk < plan.chunk_count:
            random = plan.random(PURCHASES, chunk)
            orders = _draw(plan, population(plan, chunk), sales, random)
        else:
            random = plan.random(WALK_INS)
            orders = _walk_ins(plan, sales, random)
        if sales:
            yield _lines(plan, orders, offset, refunds, random)
        offset += sales


def _draw(plan: Plan, people: Population, sales: int, random: np.random.Generator) -> Orders:
    is_first = people.first_day >= 0
    later = random.multinomial(sales - int(is_first.sum()), people.weight / people.weight.sum())
    who = np.repeat(np.arange(len(later)), later)
    days = np.empty(len(who), dtype=np.int64)
    for firms, clock in zip((False, True), plan.clocks, strict=True):
        chosen = people.is_firm[who] == firms
        start, end = clock_at(people.begins[who[chosen]], clock), clock_at(people.ends[who[chosen]], clock)
        days[chosen] = days_of(start + random.random(len(start)) * (end - start), clock)
    who = np.concatenate([np.flatnonzero(is_first), who])
    days = np.concatenate([people.first_day[is_first], days])
    second = days * 86_400 + _second_of_day(len(days), random)
    in_time = np.lexsort((who, second))
    who, second = who[in_time], second[in_time]
    return Orders(
        customer=people.number[who],
        is_firm=people.is_firm[who],
        city=people.city[who],
        second=second,
        spending=people.spending[who] * random.gamma(2.5, 1 / 2.5, len(who)),
    )


def _walk_ins(plan: Plan, sales: int, random: np.random.Generator) -> Orders:
    persons, _firms = plan.clocks
    weights = np.asarray([city.weight if city.stores else 0 for city in CITIES], dtype=np.float64)
    days = days_of(random.random(sales) * persons[-1], persons)
    return Orders(
        customer=np.full(sales, -1, dtype=np.int64),
        is_firm=np.zeros(sales, dtype=np.bool_),
        city=random.choice(len(CITIES), sales, p=weights / weights.sum()).astype(np.int64),
        second=np.sort(days * 86_400 + _second_of_day(sales, random)),
        spending=PERSON_SPENDING * 0.6 * random.gamma(1.5, 1 / 1.5, sales),
    )


def _second_of_day(size: int, random: np.random.Generator) -> Ints:
    hours = random.choice(24, size, p=HOURS / HOURS.sum())
    return (hours * 3600 + random.integers(0, 3600, size)).astype(np.int64)


def _lines(plan: Plan, orders: Orders, offset: int, refunds: int, random: np.random.Generator) -> pl.DataFrame:
    size = len(orders.customer)
    line_count = 1 + np.minimum(random.poisson(plan.mean_lines - 1, size), 7)
    order = np.repeat(np.arange(size), line_count)
    part = random.exponential(size=len(order))
    wanted = orders.spending[order] * part / np.bincount(order, part, size)[order]
    is_firm = orders.is_firm[order]
    product, quantity = _choose(wanted, is_firm, random)
    discount = discount_of(plan.first_on, plan.end_on)[orders.second[order] // 86_400]
    bulk = np.where(quantity >= 30, 0.92, 1.0)
    cents = np.round(_PRICES[product] * discount * bulk * 100).astype(np.int64)
    channel, store = _channels(orders, random)
    sales = pl.DataFrame(
        {
            "order": order,
            "second": orders.second[order],
            "product": product,
            "quantity": quantity,
            "cents": cents,
            "channel": channel[order],
            "store": store[order],
            "customer": orders.customer[order],
        }
    ).with_columns(refund=pl.lit(False))
    returned = _refunds(plan, sales, size, refunds, random)
    return _as_text(pl.concat([sales, returned]), plan.first_on, offset)


def _choose(wanted: Floats, is_firm: Flags, random: np.random.Generator) -> tuple[Ints, Ints]:
    """Products and quantities that come close to the amounts wanted."""
    size = len(wanted)
    packs = np.where(is_firm, random.lognormal(1.6, 1.0, size), random.lognormal(0.25, 0.45, size))
    aim = np.log(np.maximum(wanted / np.maximum(packs, 1), 12)) + random.normal(0, 0.35, size)
    corporate = is_firm & (random.random(size) < 0.62)
    product = np.empty(size, dtype=np.int64)
    for goods, chosen, spread in ((_FOR_PERSONS, ~corporate, 5), (_FOR_FIRMS, corporate, 1)):
        near = np.searchsorted(np.log(_PRICES[goods]), aim[chosen])
        near += random.integers(-spread, spread + 1, len(near))
        product[chosen] = goods[np.clip(near, 0, len(goods) - 1)]
    quantity = np.round(wanted / _PRICES[product]).astype(np.int64)
    return product, np.clip(quantity, 1, np.where(is_firm, 300, 6))


def _channels(orders: Orders, random: np.random.Generator) -> tuple[Ints, Ints]:
    """Channel and store of each order; -1 where it was not bought in a store."""
    size = len(orders.customer)
    drawn = np.where(
        orders.is_firm,
        random.choice(len(CHANNELS), size, p=FIRM_CHANNELS),
        random.choice(len(CHANNELS), size, p=PERSON_CHANNELS),
    )
    liked = favourite_channel(orders.customer, orders.is_firm)
    channel = np.where(random.random(size) < LOYAL_SHARE, liked, drawn)
    stores = np.asarray([len(city.stores) for city in CITIES])[orders.city]
    channel = np.where(orders.customer < 0, 0, np.where((channel == 0) & (stores == 0), 1, channel))
    first_store = np.concatenate([[0], np.cumsum([len(city.stores) for city in CITIES])])[orders.city]
    nearest = np.where(random.random(size) < 0.8, 0, random.integers(0, np.maximum(stores, 1), size))
    home = np.where(orders.customer < 0, random.integers(0, np.maximum(stores, 1), size), (orders.customer + nearest))
    return channel, np.where(channel == 0, first_store + home % np.maximum(stores, 1), -1)


def favourite_channel(customer: Ints, is_firm: Flags) -> Ints:
    """The channel a customer likes best: a fixed quality of the customer, so that both files agree on it."""
    shuffled = (customer.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)) >> np.uint64(40)
    place = shuffled.astype(np.float64) / 2**24
    by_person = np.searchsorted(np.cumsum(PERSON_CHANNELS), place)
    by_firm = np.searchsorted(np.cumsum(FIRM_CHANNELS), place)
    return np.minimum(np.where(is_firm, by_firm, by_person), len(CHANNELS) - 1).astype(np.int64)


def _refunds(plan: Plan, sales: pl.DataFrame, size: int, count: int, random: np.random.Generator) -> pl.DataFrame:
    chosen = random.choice(size, min(count, size), replace=False)
    is_whole = random.random(len(chosen)) < WHOLE_REFUND_SHARE
    delay = random.integers(1, 13, len(chosen)) * 86_400 + random.integers(-7200, 7200, len(chosen))
    picked = pl.DataFrame({"order": chosen, "whole": is_whole, "delay": delay})
    latest = plan.day_count * 86_400 - 60
    return (
        sales.join(picked, on="order", maintain_order="left")
        .filter(pl.col("whole") | (pl.col("order").cum_count().over("order") == 1))
        .with_columns(
            second=pl.min_horizontal(pl.col("second") + pl.col("delay"), pl.lit(latest)),
            quantity=-pl.col("quantity"),
            refund=pl.lit(True),
        )
        .select(sales.columns)
    )


def _as_text(lines: pl.DataFrame, first_on: date, offset: int) -> pl.DataFrame:
    goods = pl.DataFrame(
        {
            "code": [product.code for product in PRODUCTS],
            "name": [product.name for product in PRODUCTS],
            "category": [product.category for product in PRODUCTS],
        }
    )
    stores = pl.Series([store for city in CITIES for store in city.stores] + [""])
    amount = pl.col("cents") * pl.col("quantity")
    placed = pl.lit(first_on).cast(pl.Datetime("ms")) + pl.duration(seconds=pl.col("second"))
    return lines.select(
        pl.concat_str(
            pl.when("refund").then(pl.lit("TK")).otherwise(pl.lit("QH")),
            (pl.col("order") + offset + 1).cast(pl.String).str.zfill(9),
        ).alias("订单号"),
        placed.dt.strftime("%Y-%m-%d %H:%M:%S").alias("下单时间"),
        customer_code(pl.col("customer")).alias("客户编号"),
        goods["code"].gather(lines["product"]).alias("商品编码"),
        goods["name"].gather(lines["product"]).alias("商品名称"),
        goods["category"].gather(lines["product"]).alias("商品类别"),
        pl.col("quantity").cast(pl.String).alias("数量"),
        yuan(pl.col("cents")).alias("单价"),
        yuan(amount).alias("金额"),
        pl.lit("CNY").alias("币种"),
        pl.Series(CHANNELS).gather(lines["channel"]).alias("渠道"),
        stores.gather(lines["store"].replace(-1, len(stores) - 1)).alias("门店"),
    )


def customer_code(number: pl.Expr) -> pl.Expr:
    """The customer's number in the shop's own system; empty for nobody."""
    return (
        pl.when(number >= 0)
        .then(pl.concat_str(pl.lit("C"), (number + 1).cast(pl.String).str.zfill(7)))
        .otherwise(pl.lit(""))
    )


def yuan(cents: pl.Expr) -> pl.Expr:
    size = cents.abs()
    sign = pl.when(cents < 0).then(pl.lit("-")).otherwise(pl.lit(""))
    return pl.concat_str(sign, (size // 100).cast(pl.String), pl.lit("."), (size % 100).cast(pl.String).str.zfill(2))
