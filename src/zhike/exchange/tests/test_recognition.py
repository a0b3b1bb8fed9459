"""Columns are told by their names and by what stands in them."""

from pathlib import Path

import polars as pl
import pytest

from zhike.exchange.fields import Field, FieldType
from zhike.exchange.files import open_file
from zhike.exchange.recognition import Recognition, name_likeness, recognise

CUSTOMERS = (
    Field("external_id", "External id", FieldType.CODE, ("客户编号", "会员号", "customer id", "id")),
    Field("name", "Name", FieldType.NAME, ("姓名", "客户名称", "公司名称", "name", "customer name")),
    Field("phone", "Phone", FieldType.PHONE, ("手机", "手机号", "联系电话", "电话", "phone", "mobile")),
    Field("email", "E-mail", FieldType.EMAIL, ("邮箱", "email", "e-mail")),
    Field("uscc", "Credit code", FieldType.USCC, ("统一社会信用代码", "uscc")),
    Field("city", "City", FieldType.TEXT, ("城市", "city")),
    Field("birthday_on", "Birthday", FieldType.DATE, ("生日", "birthday")),
)
ORDERS = (
    Field("number", "Order number", FieldType.CODE, ("订单号", "order no", "invoice no")),
    Field("placed_at", "Order time", FieldType.DATETIME, ("下单时间", "日期", "date", "invoice date"), required=True),
    Field("customer_id", "Customer's id", FieldType.CODE, ("客户编号", "会员号", "customer id", "customer")),
    Field("customer_name", "Customer's name", FieldType.NAME, ("客户名称", "姓名", "customer name", "buyer")),
    Field("customer_phone", "Customer's phone", FieldType.PHONE, ("手机", "手机号", "联系电话", "phone")),
    Field("product_code", "Product code", FieldType.CODE, ("商品编码", "sku", "stock code")),
    Field("product_name", "Product", FieldType.TEXT, ("商品名称", "description")),
    Field("quantity", "Quantity", FieldType.DECIMAL, ("数量", "quantity", "qty", "number of")),
    Field("unit_price", "Unit price", FieldType.DECIMAL, ("单价", "unit price", "price")),
    Field("amount", "Amount", FieldType.DECIMAL, ("金额", "amount", "value")),
    Field("customer_country", "Country", FieldType.TEXT, ("国家", "country")),
    Field("store", "Store", FieldType.TEXT, ("门店", "store")),
    Field("channel", "Channel", FieldType.TEXT, ("渠道", "channel")),
)
KINDS = {"customers": CUSTOMERS, "orders": ORDERS}


def recognised(text: str) -> Recognition:
    header, *rows = [line.split(",") for line in text.split("\n")]
    return recognise(pl.DataFrame(rows, schema=dict.fromkeys(header, pl.String), orient="row"), KINDS)


def meanings(found: Recognition) -> dict[str, str]:
    return {match.column: match.field for match in found.matches}


def test_a_file_of_purchases_is_recognised_unmodified(trial_data: Path) -> None:
    table = open_file(trial_data / "cdnow" / "CDNOW_master.txt", name="CDNOW_master.txt")
    found = recognise(table.sample(), KINDS)
    assert found.kind == "orders"
    assert meanings(found) == {
        "customer_id": "customer_id",
        "date": "placed_at",
        "number_of_cds": "quantity",
        "dollar_value": "amount",
    }


def test_a_file_of_order_lines_is_recognised_unmodified(trial_data: Path) -> None:
    table = open_file(trial_data / "online_retail" / "online_retail.parquet", name="online_retail.parquet")
    found = recognise(table.sample(), KINDS)
    assert (found.kind, found.confidence) == ("orders", 1.0)
    assert meanings(found) == {
        "InvoiceNo": "number",
        "StockCode": "product_code",
        "Description": "product_name",
        "Quantity": "quantity",
        "InvoiceDate": "placed_at",
        "UnitPrice": "unit_price",
        "CustomerID": "customer_id",
        "Country": "customer_country",
    }


def test_chinese_headers_of_orders_are_recognised() -> None:
    found = recognised(
        "订单号,下单时间,客户名称,手机号,商品编码,商品名称,数量,单价(元),金额（元）,门店,渠道\n"
        "A1,2023/1/5 10:20,张伟,13800138000,S1,鞋,1,20.5,20.5,一店,微信"
    )
    assert (found.kind, found.confidence) == ("orders", 1.0)
    assert list(meanings(found).values()) == [
        field.code for field in ORDERS if field.code not in {"customer_id", "customer_country"}
    ]


def test_chinese_headers_of_customers_are_recognised() -> None:
    found = recognised(
        "客户名称,手机,联系电话,邮箱,统一社会信用代码,城市,注册日期\n"
        "上海某某有限公司,13800138000,021-62881234,a@b.cn,91110000600037341L,上海,2023-01-05"
    )
    assert found.kind == "customers"
    assert meanings(found) == {
        "客户名称": "name",
        "手机": "phone",
        "联系电话": "phone",
        "邮箱": "email",
        "统一社会信用代码": "uscc",
        "城市": "city",
    }


def test_columns_without_names_are_told_by_content() -> None:
    found = recognised(
        "#1,#2,#3,#4\n张伟,13800138000,a@b.cn,91110000600037341L\n李娜,13900139000,c@d.cn,91110000600037341L"
    )
    assert meanings(found) == {"#1": "name", "#2": "phone", "#3": "email", "#4": "uscc"}
    assert all(match.by == "content" for match in found.matches)


def test_content_decides_between_names_that_only_resemble() -> None:
    found = recognised("sku,qty,price,date,buyer_phone\nA,1,2.5,2023-01-05,13800138000")
    assert meanings(found)["buyer_phone"] == "customer_phone"


def test_a_name_that_its_content_denies_counts_for_little() -> None:
    found = recognised("姓名,电话,手机\n张伟,无,13800138000\n李娜,不详,13900139000")
    phones = {match.column: match.confidence for match in found.matches if match.field == "phone"}
    assert phones == {"手机": 1.0}


def test_a_date_does_not_make_customers_orders() -> None:
    assert recognised("姓名,手机,注册日期\n张伟,13800138000,2023-01-05").kind == "customers"
    assert recognised("会员号,日期,金额\n0001,20230105,12.5").kind == "orders"


def test_no_column_is_used_twice_and_reasons_of_an_earlier_round_not_at_all() -> None:
    found = recognised("id,customer id,#row,拒绝原因\n1,2,3,4")
    columns = [match.column for match in found.matches]
    assert columns == ["customer id"] or len(columns) == len(set(columns))
    assert "拒绝原因" not in columns


def test_the_order_of_day_and_month_is_told_from_the_dates() -> None:
    assert recognised("会员号,日期,金额\n1,5/1/2023,2\n1,13/1/2023,2").day_first
    assert not recognised("会员号,日期,金额\n1,5/1/2023,2\n1,1/13/2023,2").day_first


@pytest.mark.parametrize(
    ("column", "likeness"),
    [
        ("手机", 1.0),
        ("手 机", 1.0),
        ("手机（必填）", 1.0),
        ("*手机", 1.0),
        ("PHONE", 1.0),
        ("Mobile", 1.0),
        ("手机 (2)", 0.9),
    ],
)
def test_names_are_alike_whatever_their_dress(column: str, likeness: float) -> None:
    assert name_likeness(column, CUSTOMERS[2]) == likeness


@pytest.mark.parametrize("column", ["手", "microphone", "机", "备注"])
def test_names_that_share_letters_only_are_not_alike(column: str) -> None:
    assert name_likeness(column, CUSTOMERS[2]) == 0
