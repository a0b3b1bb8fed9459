"""What the company's people wrote down about the customers they look after."""

from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from zhike.customers.models import Customer
from zhike.customers.services.activities import Written
from zhike.demo.plan import ACTIVITIES, Plan

ZONE = ZoneInfo("Asia/Shanghai")
MOST = 20_000
MEAN_PER_CUSTOMER = 1.6
HISTORY_DAYS = 300
TEXTS = {
    "person": (
        ("call", "电话回访，客户对上次配送满意，询问下月活动。"),
        ("call", "未接通，改约周末再联系。"),
        ("follow_up", "发送新品资料，客户对床品套装感兴趣，等发工资后再定。"),
        ("follow_up", "介绍会员年卡权益，客户表示考虑一下。"),
        ("visit", "到店体验洗地机，已留样机试用。"),
        ("note", "家里准备装修，预计三个月后有家电需求。"),
        ("follow_up", "上次反馈的杯盖漏水已换新，客户认可处理速度。"),
        ("call", "提醒深度保洁预约时间，客户确认周六上午。"),
    ),
    "organisation": (
        ("visit", "上门拜访行政负责人，了解节日福利预算，约 300 人。"),
        ("follow_up", "已发送茶歇套餐报价，等待内部审批。"),
        ("call", "采购反馈价格偏高，希望按年框给折扣。"),
        ("mail", "发送合同修订版和开票资料，请对方法务确认。"),
        ("follow_up", "月度保洁服务验收通过，客户希望增加一次空气治理。"),
        ("note", "决策人为行政总监，采购经办人负责比价。"),
        ("visit", "季度回访，客户对配送准时率提出改进建议，已转客服中心。"),
        ("call", "催收上月货款，财务答应本周五前付清。"),
    ),
}


def iter_activities(plan: Plan) -> Iterator[Written]:
    """Calls, visits and follow-ups of the last ten months with customers who have an owner."""
    random = plan.random(ACTIVITIES)
    mine = Customer.objects.filter(owner__isnull=False).order_by("pk").values_list("pk", "kind", "owner_id")
    owned = list(mine)
    counts = random.poisson(min(MEAN_PER_CUSTOMER, MOST / max(len(owned), 1)), len(owned))
    for (pk, kind, owner_id), count in zip(owned, counts.tolist(), strict=True):
        for _number in range(count):
            activity, text = TEXTS[kind][int(random.integers(0, len(TEXTS[kind])))]
            day = plan.end_on - timedelta(days=int(random.integers(1, HISTORY_DAYS)))
            clock = time(9) if random.random() < 0.1 else time(int(random.integers(9, 19)), int(random.integers(0, 60)))
            happened_at = datetime.combine(day, clock, ZONE).astimezone(UTC)
            yield Written(customer_id=pk, kind=activity, text=text, happened_at=happened_at, author_id=owner_id)
