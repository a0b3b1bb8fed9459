"""Import of a million customers and a million order lines, from the command line, end to end.

Customers: name, phone, e-mail, city, external id. Order lines: five to an order on average, 20,000 products, each order
of a customer from the first file; then once more with a single line to an order, the harder case.
"""

import random
import time
from pathlib import Path

from harness import Instance, describe_machine, emit, instance

CUSTOMERS = 1_000_000
LINES = 1_000_000
LINES_PER_ORDER = 5
PRODUCTS = 20_000
SURNAMES = "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林罗高梁郑谢宋唐许韩邓冯曹彭曾肖田董潘袁蔡蒋余于杜叶程魏苏吕丁任卢姚沈"
GIVEN = "伟芳娜秀英敏静丽强磊军洋勇艳杰娟涛明超霞平刚桂华文玉兰志红梅建国海燕鹏飞宇轩子涵梓萱浩然欣怡雨泽思佳一诺"
CITIES = [
    "上海",
    "北京",
    "广州",
    "深圳",
    "杭州",
    "成都",
    "重庆",
    "武汉",
    "西安",
    "苏州",
    "南京",
    "天津",
    "郑州",
    "长沙",
    "东莞",
    "青岛",
    "沈阳",
    "宁波",
    "昆明",
    "合肥",
]
SEED = 20261122


def write_customers(path: Path, *, count: int = CUSTOMERS) -> None:
    dice = random.Random(SEED)
    with path.open("w", encoding="utf-8") as file:
        file.write("客户编号,姓名,手机号,邮箱,城市\n")
        for number in range(count):
            name = dice.choice(SURNAMES) + "".join(dice.choices(GIVEN, k=dice.choice((1, 2, 2))))
            phone = f"1{dice.choice('35789')}{number:09d}"
            file.write(f"C{number:07d},{name},{phone},user{number}@example.com,{dice.choice(CITIES)}\n")


def write_lines(
    path: Path, *, prefix: str, count: int = LINES, per_order: int = LINES_PER_ORDER, customers: int = CUSTOMERS
) -> None:
    dice = random.Random(SEED + per_order)
    with path.open("w", encoding="utf-8") as file:
        file.write("订单号,客户编号,下单时间,商品编码,商品名称,数量,单价\n")
        for number in range(count):
            if number % per_order == 0:
                customer = int(dice.random() ** 2 * customers)
                order, day, month = number // per_order, dice.randint(1, 28), dice.randint(1, 12)
            product = dice.randrange(PRODUCTS)
            file.write(
                f"{prefix}{order},C{customer:07d},2025-{month:02d}-{day:02d} 10:00:00,P{product:05d},商品{product},"
                f"{dice.randint(1, 5)},{dice.randint(100, 99999) / 100:.2f}\n"
            )


def measure(made: Instance) -> None:
    """Emit import_customers_per_s and import_order_lines_per_s."""
    folder = made.home.parent
    customers, lines, single = folder / "customers.csv", folder / "lines.csv", folder / "single.csv"
    write_customers(customers)
    _timed(made, customers, "customers", "import_customers_per_s", CUSTOMERS, target=">= 12000")
    write_lines(lines, prefix="A")
    _timed(made, lines, "orders", "import_order_lines_per_s", LINES, target=">= 40000", per_order=LINES_PER_ORDER)
    write_lines(single, prefix="B", per_order=1)
    _timed(made, single, "orders", "import_single_line_orders_per_s", LINES, per_order=1)


def _timed(made: Instance, path: Path, kind: str, name: str, rows: int, *, target: str = "", **more: object) -> None:
    began = time.perf_counter()
    told = made.reply("import", path, "--kind", kind, "--source", "bench", "--yes")
    seconds = time.perf_counter() - began
    assert told["new"] == rows, told
    emit(name, rows / seconds, "rows/s", target=target, seconds=round(seconds, 1), rows=rows, **more)
    path.unlink()


if __name__ == "__main__":
    describe_machine()
    with instance() as alone:
        measure(alone)
