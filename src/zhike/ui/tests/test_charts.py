import json
from decimal import Decimal

from django.template import Context, Template
from django.utils import translation

from zhike.ui import charts
from zhike.ui.charts import Datum, Figure, Level, Series, Unit
from zhike.ui.sample_charts import sample_charts

CNY = Unit(kind="money", currency="CNY")


def render(figure: Figure) -> str:
    return Template("{% load zhike %}{% chart figure %}").render(Context({"figure": figure}))


def revenue() -> Figure:
    return charts.bar(
        title="Revenue",
        columns=["top", "</script><b>"],
        unit=CNY,
        series=[
            Series(name="收入", data=[Datum(value=Decimal("128453.604"), href="/c/?grade=top"), Datum(value=None)])
        ],
    )


def test_every_kind_can_be_rendered_and_is_json() -> None:
    figures = sample_charts()
    assert {figure.spec["kind"] for figure in figures} == {"bar", "line", "heatmap", "pyramid"}
    for figure in figures:
        json.dumps(figure.spec)
        assert figure.title in render(figure)


def test_the_table_holds_exact_values_and_the_links() -> None:
    figure = revenue()
    assert figure.rows[0][1].text == "¥128,453.60"
    assert figure.rows[0][1].value == "128453.604"
    assert '<a href="/c/?grade=top">¥128,453.60</a>' in render(figure)
    assert figure.rows[1][1].text == ""


def test_a_label_cannot_leave_the_script_element() -> None:
    assert "</script><b>" not in render(revenue())


def test_labels_and_axis_speak_the_language_of_the_page() -> None:
    assert revenue().spec["series"][0]["data"][0]["text"] == "¥12.8 万"
    with translation.override("en"):
        spec = revenue().spec
    assert spec["series"][0]["data"][0]["text"] == "CN¥128K"
    assert spec["unit"] == {"kind": "money", "symbol": "CN¥", "steps": [[1e9, "B"], [1e6, "M"], [1e3, "K"]]}


def test_intervals_reach_the_browser() -> None:
    figure = charts.line(title="x", columns=["1"], series=[Series(name="y", data=[Datum(value=2, low=1, high=3)])])
    assert figure.spec["series"][0]["data"][0]["interval"] == "1 – 3"


def test_a_figure_without_data_says_so() -> None:
    pyramid = charts.pyramid(
        title="x",
        level_title="l",
        count_title="c",
        share_title="s",
        levels=[Level(label="top", count=0, share=0)],
    )
    with translation.override("en"):
        html = render(pyramid)
    assert "No data" in html
    assert "data-chart-canvas" not in html
