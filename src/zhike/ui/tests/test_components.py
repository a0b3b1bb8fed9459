from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django import forms
from django.template import Context, Template
from django.utils import timezone, translation

from zhike.ui.parts import Chip, Step, Tab


def render(source: str, **context: Any) -> str:
    return Template("{% load i18n zhike %}" + source).render(Context(context))


def test_text_given_to_components_is_escaped() -> None:
    evil = '<img src=x onerror="alert(1)">'
    for source in (
        "{% page_header evil lead=evil back=evil back_label=evil %}{{ evil }}{% endpage_header %}",
        "{% empty_state evil text=evil %}{{ evil }}{% endempty_state %}",
        "{% figure_card evil value=evil unit=evil period=evil compared=evil note=evil href=evil %}",
        "{% badge evil %}",
        "{% editable evil url=evil label=evil %}",
        "{% progress done=1 total=2 label=evil detail=evil poll=evil %}",
        "{% filter_chips chips clear_url=evil %}",
        "{% tabs tabs label=evil %}",
        "{% steps steps %}",
        "{% file_drop action=evil csrf=evil hint=evil %}{{ evil }}{% endfile_drop %}",
    ):
        html = render(
            source,
            evil=evil,
            chips=[Chip(label=evil, remove_url=evil)],
            tabs=[Tab(label=evil, url=evil)],
            steps=[Step(label=evil, state="done", url=evil)],
        )
        assert "<img" not in html, source
        assert "&lt;img" in html, source


def test_markup_between_block_tags_stays_markup() -> None:
    html = render('{% page_header "Customers" count=20000 %}<a class="btn" href="/x/">Go</a>{% endpage_header %}')
    assert '<a class="btn" href="/x/">Go</a>' in html
    assert "20,000" in html


@pytest.mark.parametrize(
    ("change", "better", "tone", "direction"),
    [(0.1, "up", "good", "up"), (-0.1, "up", "bad", "down"), (0.1, "down", "bad", "up"), (0.1, "", "plain", "up")],
)
def test_a_figure_says_whether_its_change_is_good_news(change: float, better: str, tone: str, direction: str) -> None:
    with translation.override("en"):
        html = render('{% figure_card "x" value=1 change=change better=better %}', change=change, better=better)
    assert f'data-tone="{tone}"' in html
    assert f'aria-label="{direction}"' in html
    assert "10.0%" in html


def test_compact_values_carry_the_exact_one() -> None:
    html = render('{{ amount|compact_money:"CNY" }}', amount=Decimal("128453.604"))
    assert html == '<span class="zk-number" title="¥128,453.60">¥12.8 万</span>'


def test_relative_moments_carry_the_exact_one() -> None:
    three_days_ago = timezone.now() - timedelta(days=3)
    html = render("{{ at|ago }}", at=three_days_ago)
    assert "3 天前" in html
    assert f'title="{timezone.localtime(three_days_ago):%Y-%m-%d %H:%M}"' in html


def test_missing_values_show_as_a_dash() -> None:
    source = '{{ v|money:"CNY" }}{{ v|number }}{{ v|compact }}{{ v|percent }}{{ v|day }}{{ v|moment }}{{ v|ago }}'
    assert render(source, v=None) == "—" * 7
    assert render('{{ ""|grade_badge }}{{ "unheard"|stage_badge }}') == "——"


def test_a_badge_has_words_beside_its_colour() -> None:
    html = render('{{ "top"|grade_badge }}{{ "lost"|stage_badge }}')
    assert "重要" in html
    assert "流失" in html
    assert html.count("<svg") == 2


class SampleForm(forms.Form):
    phone = forms.CharField(label="手机", help_text="11 位数字")
    kind = forms.ChoiceField(label="类型", choices=[("a", "甲")], required=False)


def test_a_field_ties_label_help_and_errors_to_its_control() -> None:
    html = render("{% field form.phone %}{% field form.kind %}", form=SampleForm({"phone": ""}))
    assert '<label class="form-label" for="id_phone">' in html
    assert 'aria-invalid="true"' in html
    described = html.split('aria-describedby="')[1].split('"')[0].split()
    assert described
    for part in described:
        assert f'id="{part}"' in html
    assert "form-select" in html


def test_load_more_disappears_on_the_last_page() -> None:
    assert render('{% load_more "" columns=3 %}').strip() == ""
    assert "<tr" in render('{% load_more "?after=x" columns=3 %}')
    assert "<tr" not in render('{% load_more "?after=x" %}')


def test_progress_asks_only_while_it_has_an_address() -> None:
    assert 'hx-trigger="every 1s"' in render('{% progress done=1 total=4 label="x" poll="/p/" %}')
    finished = render('{% progress done=4 total=4 label="x" %}')
    assert "hx-trigger" not in finished
    assert "100%" in finished


def test_unknown_length_shows_a_bar_without_a_value() -> None:
    assert '<progress aria-label="x"></progress>' in render('{% progress done=0 total=None label="x" %}')
