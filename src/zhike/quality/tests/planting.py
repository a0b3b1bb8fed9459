"""A company with errors planted on purpose, so that it is known what has to be found."""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from random import Random

from zhike.commerce.models import Order
from zhike.customers.models import Activity, Customer, Identifier

NOW = datetime(2026, 3, 15, 4, tzinfo=UTC)
DAY = date(2026, 3, 15)
SURNAMES = "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨朱秦尤许何吕施张孔曹严华金魏陶姜"
GIVEN = "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀英霞平刚桂兰志华建文玉海玲晓红波辉鹏"
PLACES = (("浙江省", "杭州市"), ("上海市", "上海市"), ("广东省", "深圳市"), ("四川省", "成都市"))


@dataclass
class Planted:
    """errors: rule to the places, in `customers`, where it has to find something."""

    customers: list[Customer] = field(default_factory=list)
    errors: dict[str, set[int]] = field(default_factory=lambda: defaultdict(set))


@dataclass
class _Draft:
    name: str
    phone: str
    email: str
    province: str
    city: str
    birthday: date | None
    kind: str = "person"
    address: str = ""
    orders: list[str] = field(default_factory=list)
    contact: datetime | None = None
    created: datetime = NOW - timedelta(days=100)


def _good(choice: Random, number: int) -> _Draft:
    province, city = choice.choice(PLACES)
    return _Draft(
        name=choice.choice(SURNAMES) + "".join(choice.sample(GIVEN, 2)),
        # Distinct, and with digits that nobody types in for want of a number.
        phone=f"138{(number * 7919 + 10_203_047) % 90_000_000:08d}",
        email=f"u{number}.{choice.randrange(10**6)}@{choice.choice(['qq.com', '163.com', 'corp-mail.cn'])}",
        province=province,
        city=city,
        birthday=date(1955, 1, 2) + timedelta(days=choice.randrange(16_000)),
        orders=[f"{choice.lognormvariate(5, 0.8):.2f}" for _ in range(choice.randrange(3))],
        contact=NOW - timedelta(days=choice.randrange(90)) if choice.random() < 0.3 else None,
    )


def _spoil(rule: str, one: _Draft, choice: Random) -> None:
    match rule:
        case "phone_impossible":
            one.phone = choice.choice(["1541234567", "138123456", "+8610000", "16093857261"])
        case "phone_placeholder":
            one.phone = choice.choice(["13888888888", "13912345678", "13700000000"])
        case "phone_form":
            one.phone = f"{one.phone[:3]} {one.phone[3:7]} {one.phone[7:]}"
        case "email_invalid":
            one.email = choice.choice(["zhang.wei", "zhang@wei", "a@b..com", "张 伟@qq.com"])
        case "email_typo":
            one.email = one.email.partition("@")[0] + choice.choice(["@qq.con", "@gmial.com", "@163.cmo"])
        case "birthday_future":
            one.birthday = DAY + timedelta(days=choice.randrange(1, 900))
        case "birthday_old":
            one.birthday = date(1850, 3, 4) + timedelta(days=choice.randrange(15_000))
        case "name_is_organisation":
            one.name = choice.choice(["杭州晨光贸易有限公司", "上海华美集团", "Acme Trading Co., Ltd"])
        case "name_title":
            one.name += choice.choice(["先生", "女士"])
        case "name_form":
            one.name = choice.choice([f"{one.name[0]} {one.name[1:]}", f"{one.name}Ａ", f" {one.name}"])
        case "city_elsewhere":
            one.province, one.city = "浙江省", choice.choice(["深圳市", "成都市"])
        case "city_form":
            one.province, one.city = "浙江省", "杭州"
        case "province_missing":
            one.province = ""
        case "place_in_address":
            one.address = f"{one.province}{'' if one.province == one.city else one.city}中山路 8 号"
            one.province = one.city = ""
        case "amount_far":
            one.orders.append(choice.choice(["9500000.00", "0.01"]))
        case "order_before_customer":
            one.orders.append("99.00")
            one.created = NOW - timedelta(days=1)
            one.contact = None
        case "contact_before_created":
            one.contact, one.created, one.orders = NOW - timedelta(days=90), NOW - timedelta(days=2), []


RULES = (
    *("phone_impossible", "phone_placeholder", "phone_form", "email_invalid", "email_typo", "birthday_future"),
    *("birthday_old", "name_is_organisation", "name_title", "name_form", "city_elsewhere", "city_form"),
    *("province_missing", "place_in_address", "amount_far", "order_before_customer", "contact_before_created"),
)


def plant(count: int, *, seed: int, share: float = 0.3) -> Planted:
    """So many customers, of whom a share has one error."""
    choice = Random(seed)  # noqa: S311
    planted, drafts = Planted(), []
    for number in range(count):
        one = _good(choice, number)
        if choice.random() < share:
            rule = choice.choice(RULES)
            _spoil(rule, one, choice)
            planted.errors[rule].add(number)
        drafts.append(one)
    planted.customers = Customer.objects.bulk_create(
        Customer(
            kind=one.kind, name=one.name, name_normal=one.name, name_pinyin="x", province=one.province, city=one.city,
            birthday_on=one.birthday, channel=choice.choice(["web", "store", ""]), created_at=one.created,
            updated_at=NOW - timedelta(days=choice.choice([1, 500])),
        )
        for one in drafts
    )  # fmt: skip
    _hang(planted.customers, drafts)
    return planted


def _hang(customers: list[Customer], drafts: list[_Draft]) -> None:
    marks, orders, contacts = [], [], []
    for customer, one in zip(customers, drafts, strict=True):
        digits = one.phone.replace(" ", "").removeprefix("+86")
        normals = {"phone": f"+86{digits}", "email": one.email, "address": one.address}
        for kind, value in (("phone", one.phone), ("email", one.email), ("address", one.address)):
            if value:
                marks.append(
                    Identifier(
                        customer=customer, kind=kind, value=value, value_normal=normals[kind], strength=2,
                        is_primary=True, created_at=one.created,
                    )
                )  # fmt: skip
        for place, amount in enumerate(one.orders):
            orders.append(
                Order(
                    customer=customer, source="test", key=f"{customer.pk}-{place}", number=f"{customer.pk}-{place}",
                    placed_at=NOW - timedelta(days=30), currency="CNY", total_amount=Decimal(amount),
                    created_at=NOW - timedelta(days=29),
                )
            )  # fmt: skip
        if one.contact:
            contacts.append(Activity(customer=customer, kind="call", happened_at=one.contact, text="x", created_at=NOW))
    Identifier.objects.bulk_create(marks)
    Order.objects.bulk_create(orders)
    Activity.objects.bulk_create(contacts)
