"""What the style guide shows: every component with plausible content."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from django import forms

from zhike.ui.parts import Chip, Step, Tab


@dataclass(frozen=True, kw_only=True)
class SampleCustomer:
    pk: int
    name: str
    city: str
    phone: str
    grade: str
    stage: str
    order_count: int
    amount: Decimal
    last_order_at: datetime


class SampleForm(forms.Form):
    """One field of each kind; the last two arrive with errors."""

    name = forms.CharField(label="姓名", help_text="与证件一致", max_length=50)
    kind = forms.ChoiceField(label="类型", choices=[("person", "个人"), ("organisation", "企业")])
    birthday = forms.DateField(
        label="生日", required=False, widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    contact_by = forms.ChoiceField(
        label="联系方式", choices=[("phone", "电话"), ("wechat", "微信")], widget=forms.RadioSelect, initial="phone"
    )
    newsletter = forms.BooleanField(label="同意接收活动消息", required=False)
    note = forms.CharField(label="备注", required=False, widget=forms.Textarea(attrs={"rows": 3}))
    phone = forms.RegexField(
        label="手机", regex=r"^1\d{10}$", error_messages={"invalid": "手机号应为 11 位数字，这里只有 10 位。"}
    )


class CityForm(forms.Form):
    city = forms.CharField(label="城市", max_length=40)


NAMES = (
    "欧阳晓雯",
    "上海和光餐饮管理有限公司",
    "李建国",
    "Maria Fernandes",
    "陈思远",
    "苏州工业园区明德教育科技有限公司",
)
CITIES = ("上海", "杭州", "成都", "深圳", "北京", "苏州")
GRADES = ("top", "high", "normal", "small", "high", "")
STAGES = ("mature", "growth", "new", "decline", "lost", "prospect")


def customers(*, now: datetime, count: int = 12) -> list[SampleCustomer]:
    return [
        SampleCustomer(
            pk=place + 1,
            name=NAMES[place % 6],
            city=CITIES[place % 6],
            phone=f"138****{1200 + place * 37}",
            grade=GRADES[place % 6],
            stage=STAGES[place % 6],
            order_count=place * 7 % 23,
            amount=Decimal("128453.60") / (place * place + 1),
            last_order_at=now - timedelta(hours=5 * place * place),
        )
        for place in range(count)
    ]


CHIPS = [
    Chip(label="价值等级是重要或次要", remove_url="?drop=grade"),
    Chip(label="最近下单在 90 天前", remove_url="?drop=last_order"),
]
TABS = [
    Tab(label="全部", url="?view=all", is_current=True, count=20_000),
    Tab(label="我负责的", url="?view=mine", count=312),
    Tab(label="本周降级", url="?view=slipped", count=48),
]
STEPS = [
    Step(label="选择文件", state="done", url="?step=1"),
    Step(label="核对列", state="current"),
    Step(label="预览", state="ahead"),
    Step(label="完成", state="ahead"),
]
