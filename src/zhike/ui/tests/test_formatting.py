from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from django.utils import translation

from zhike.ui import formatting

SHANGHAI = ZoneInfo("Asia/Shanghai")
NOON = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)  # noon in Shanghai


@pytest.mark.parametrize(
    ("amount", "currency", "language", "shown"),
    [
        (Decimal("12345.6"), "CNY", "zh-hans", "¥12,345.60"),
        (Decimal("12345.6"), "CNY", "en", "CN¥12,345.60"),
        (Decimal("-3.005"), "USD", "en", "-$3.00"),
        (Decimal("1200"), "JPY", "en", "¥1,200"),
        (Decimal("0"), "CNY", "zh-hans", "¥0.00"),
    ],
)
def test_money_follows_currency_and_language(amount: Decimal, currency: str, language: str, shown: str) -> None:
    assert formatting.money(amount, currency=currency, language=language) == shown


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("+8613800138000", "13800138000"),
        ("+861065529988", "010 6552 9988"),
        ("+442079460018", "+44 20 7946 0018"),
        ("138****8000", "138****8000"),
        ("", ""),
    ],
)
def test_a_phone_number_is_written_as_at_home(value: str, shown: str) -> None:
    assert formatting.phone(value) == shown


@pytest.mark.parametrize(
    ("value", "language", "shown"),
    [
        (9_999, "zh-hans", "9,999"),
        (12_345, "zh-hans", "1.23 万"),
        (10_000, "zh-hans", "1 万"),
        (1_234_567, "zh-hans", "123 万"),
        (99_999_999, "zh-hans", "10,000 万"),
        (Decimal("450000000"), "zh-hans", "4.5 亿"),
        (-12_345, "zh-hans", "-1.23 万"),
        (999, "en", "999"),
        (12_345, "en", "12.3K"),
        (4_500_000, "en", "4.5M"),
        (0.1 + 0.2, "en", "0.3"),
        (0, "en", "0"),
    ],
)
def test_compact_numbers_keep_three_figures(value: formatting.Number, language: str, shown: str) -> None:
    assert formatting.compact(value, language=language) == shown


@pytest.mark.parametrize(
    ("amount", "shown"),
    [("128453.6", "¥12.8 万"), ("-128453.6", "-¥12.8 万"), ("9999.5", "¥9,999.50"), ("300000000", "¥3 亿")],
)
def test_compact_money_is_exact_while_it_is_small(amount: str, shown: str) -> None:
    assert formatting.compact_money(Decimal(amount), currency="CNY", language="zh-hans") == shown


def test_percentages_have_one_decimal() -> None:
    assert formatting.percent(0.12345) == "12.3%"
    assert formatting.percent(Decimal("1")) == "100.0%"


@pytest.mark.parametrize(
    ("gap", "chinese", "english"),
    [
        (timedelta(seconds=-20), "刚刚", "just now"),
        (timedelta(minutes=-1), "1 分钟前", "1 minute ago"),
        (timedelta(minutes=45), "45 分钟后", "in 45 minutes"),
        (timedelta(hours=-13), "13 小时前", "13 hours ago"),
        (timedelta(days=-1), "昨天", "yesterday"),
        (timedelta(days=1), "明天", "tomorrow"),
        (timedelta(days=-3), "3 天前", "3 days ago"),
        (timedelta(days=-40), "2026-10-13", "2026-10-13"),
    ],
)
def test_moments_near_now_are_relative(gap: timedelta, chinese: str, english: str) -> None:
    for language, shown in (("zh-hans", chinese), ("en", english)):
        with translation.override(language):
            assert formatting.relative(NOON + gap, now=NOON, zone=SHANGHAI) == shown


def test_a_day_is_the_day_of_the_persons_zone() -> None:
    late = datetime(2026, 11, 21, 16, 30, tzinfo=UTC)
    assert formatting.day(late, zone=SHANGHAI) == "2026-11-22"
    assert formatting.moment(late, zone=SHANGHAI) == "2026-11-22 00:30"
    with translation.override("en"):
        assert formatting.relative(date(2026, 11, 22), now=late, zone=SHANGHAI) == "today"
