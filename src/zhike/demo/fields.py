"""Fields of the demo company's own: up to five hundred, in ten sections, with values on some customers."""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import numpy as np

from zhike.core.actor import Actor
from zhike.customers.guarded import RECORD
from zhike.customers.models import Customer
from zhike.customers.services import people
from zhike.demo.plan import Plan
from zhike.metadata.models import FieldDefinition, Kind, Section
from zhike.metadata.services import definitions, sections
from zhike.metadata.services.definitions import NewOption

MOST = 500
FILLED_CUSTOMERS, FILLED_SHARE = 40, 0.4
STREAM = 90  # of the plan's random numbers

# Section, and what the customer has of that kind; English behind the Chinese.
SECTIONS = (
    ("门店|Stores", "店铺|Shop 展厅|Showroom 仓库|Warehouse 收银台|Till 停车位|Parking 橱窗|Window 货架|Shelf "
     "门头|Sign 试衣间|Fitting_room 休息区|Lounge"),
    ("设备|Equipment", "冰柜|Freezer 烤箱|Oven 咖啡机|Coffee_machine 净水器|Water_filter 空调|Air_conditioner "
     "监控|Camera 打印机|Printer 电子秤|Scale 洗碗机|Dishwasher 发电机|Generator"),
    ("合同|Contracts", "框架合同|Frame_contract 租约|Lease 保密协议|Non-disclosure 代理协议|Agency 供货合同|Supply "
     "服务合同|Service 保险|Insurance 授权书|Authorisation 质保|Warranty 补充协议|Amendment"),
    ("财务|Finance", "授信|Credit_line 押金|Deposit 保证金|Guarantee 发票|Invoice 对账|Statement 返利|Rebate "
     "预付款|Advance 月结|Monthly_account 税务|Tax 回款|Payment"),
    ("物流|Logistics", "配送|Delivery 冷链|Cold_chain 托盘|Pallet 自提|Pick-up 退货|Return 快递|Courier "
     "装卸|Unloading 包装|Packing 库存|Stock 路线|Route"),
    ("服务|Service", "安装|Installation 培训|Training 巡检|Inspection 维修|Repair 热线|Hotline 驻场|On-site "
     "升级|Upgrade 回访|Call-back 备件|Spare_part 投诉|Complaint"),
    ("营销|Marketing", "海报|Poster 试吃|Tasting 会员日|Members'_day 直播|Live_show 社群|Community 短信|Text_message "
     "赠品|Gift 陈列|Display 联名|Co-branding 优惠券|Coupon"),
    ("资质|Certificates", "营业执照|Business_licence 食品许可|Food_licence 卫生证|Hygiene 消防|Fire_safety "
     "商标|Trademark 检测报告|Test_report 进口证|Import_permit 有机认证|Organic 清真认证|Halal 环评|Environmental"),
    ("采购|Purchasing", "茶叶|Tea 咖啡豆|Coffee_beans 坚果|Nuts 果干|Dried_fruit 蜂蜜|Honey 糕点|Pastry 礼盒|Gift_box "
     "餐具|Tableware 家居|Homeware 香薰|Scent"),
    ("渠道|Channels", "小程序|Mini_program 官网|Website 天猫|Tmall 京东|JD 抖音|Douyin 美团|Meituan 商超|Supermarket "
     "团购|Group_buying 批发|Wholesale 出口|Export"),
)  # fmt: skip
ASPECTS = (
    ("数量", "number", Kind.NUMBER),
    ("日期", "date", Kind.DATE),
    ("状态", "state", Kind.CHOICE),
    ("说明", "remark", Kind.TEXT),
    ("是否自有", "owned", Kind.BOOLEAN),
)
STATES = (("正常", "fine", "good"), ("待处理", "to do", "warn"), ("停用", "ended", ""))


@dataclass(frozen=True, kw_only=True)
class Planned:
    """A field to be made."""

    section: str
    section_en: str
    label: str
    label_en: str
    kind: Kind


def list_planned() -> Iterator[Planned]:
    for names, things in SECTIONS:
        section, section_en = names.split("|")
        for thing in things.split():
            name, name_en = thing.split("|")
            for aspect, aspect_en, kind in ASPECTS:
                label_en = f"{name_en.replace('_', ' ')}: {aspect_en}"
                yield Planned(
                    section=section, section_en=section_en, label=f"{name}{aspect}", label_en=label_en, kind=kind
                )


def put_fields(*, actor: Actor, plan: Plan, count: int, at: datetime) -> int:
    """Make that many fields, as far as they are not there, and fill them for some customers; how many there are."""
    known = set(FieldDefinition.objects.filter(record=RECORD).values_list("label", flat=True))
    places = dict(Section.objects.filter(record=RECORD).values_list("name", "pk"))
    made = []
    for one in itertools.islice(list_planned(), count):
        if one.label in known:
            continue
        if one.section not in places:
            section = sections.create_section(
                actor=actor, record=RECORD, name=one.section, name_en=one.section_en, is_folded=bool(places)
            )
            places[one.section] = section.pk
        options = [NewOption(label=label, label_en=english, tone=tone) for label, english, tone in STATES]
        definition = definitions.create_field(
            actor=actor,
            at=at,
            record=RECORD,
            kind=one.kind,
            label=one.label,
            label_en=one.label_en,
            section_id=places[one.section],
            options=options if one.kind is Kind.CHOICE else (),
        )
        made.append((definition.key, one.kind))
    if made:
        _fill(actor, plan, made, at)
    return FieldDefinition.objects.filter(record=RECORD, archived_at=None).count()


def _fill(actor: Actor, plan: Plan, made: list[tuple[str, Kind]], at: datetime) -> None:
    random = plan.random(STREAM)
    for pk in Customer.objects.order_by("pk").values_list("pk", flat=True)[:FILLED_CUSTOMERS]:
        chosen = [
            one for one, is_filled in zip(made, random.random(len(made)) < FILLED_SHARE, strict=True) if is_filled
        ]
        changes = {f"custom.{key}": _value(kind, plan.end_on, random) for key, kind in chosen}
        people.edit_customer(actor=actor, customer_id=pk, changes=changes, at=at)


def _value(kind: Kind, until: date, random: np.random.Generator) -> Any:
    number = int(random.integers(1, 200))
    match kind:
        case Kind.NUMBER:
            return number
        case Kind.DATE:
            return (until - timedelta(days=number * 3)).isoformat()
        case Kind.CHOICE:
            return STATES[number % len(STATES)][0]
        case Kind.BOOLEAN:
            return number % 2 == 0
    return f"第 {number} 号，见档案"
