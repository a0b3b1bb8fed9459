"""What a column of a file of order lines can mean, under the names that files use."""

from django.utils.translation import gettext_lazy as _

from zhike.exchange.fields import Field, FieldType


def _names(chinese: str, english: str) -> tuple[str, ...]:
    return (*chinese.split("|"), *english.split("|"))


FIELDS = (
    Field(
        "number",
        _("Order number"),
        FieldType.CODE,
        _names(
            "订单号|订单编号|订单ID|单号|交易号|流水号|小票号|发票号",
            "order number|order no|order id|order|invoice no|invoice number|invoice|receipt no|transaction id",
        ),
        help=_("Where the source has none, customer, time and amount tell orders apart"),
    ),
    Field(
        "placed_at",
        _("Order time"),
        FieldType.DATETIME,
        _names(
            "下单时间|下单日期|订单时间|订单日期|交易时间|交易日期|购买时间|购买日期|成交时间|付款时间|支付时间|日期|时间",
            "order date|order time|invoice date|purchase date|transaction date|placed at|date|datetime|timestamp",
        ),
        required=True,
    ),
    Field(
        "customer_id",
        _("Customer's external id"),
        FieldType.CODE,
        _names(
            "客户编号|客户ID|客户号|会员号|会员编号|会员ID|会员卡号|卡号|买家ID|用户ID",
            "customer id|customer no|customer number|customer|member id|user id|buyer id|client id",
        ),
    ),
    Field(
        "customer_name",
        _("Customer's name"),
        FieldType.NAME,
        _names("客户名称|客户姓名|客户|会员姓名|姓名|收货人|买家|购买人", "customer name|buyer|buyer name|recipient"),
    ),
    Field(
        "customer_phone",
        _("Customer's phone"),
        FieldType.PHONE,
        _names("手机|手机号|手机号码|电话|联系电话|客户电话|收货人电话|收货电话", "phone|mobile|customer phone|tel"),
    ),
    Field(
        "customer_email",
        _("Customer's e-mail"),
        FieldType.EMAIL,
        _names("邮箱|电子邮箱|客户邮箱|邮件", "email|e-mail|customer email"),
    ),
    Field(
        "customer_country",
        _("Customer's country"),
        FieldType.TEXT,
        _names("国家|国家地区", "country|customer country|country region"),
    ),
    Field("customer_province", _("Customer's province"), FieldType.TEXT, _names("省|省份", "province|state")),
    Field("customer_city", _("Customer's city"), FieldType.TEXT, _names("城市|市|客户城市", "city|customer city")),
    Field(
        "product_code",
        _("Product code"),
        FieldType.CODE,
        _names(
            "商品编号|商品编码|商品ID|货号|产品编号|产品编码|规格编码|条码|SKU编码",
            "sku|stock code|product code|product id|product no|item code|item id|item no|barcode|article",
        ),
    ),
    Field(
        "product_name",
        _("Product"),
        FieldType.TEXT,
        _names("商品名称|商品|产品名称|产品|品名|货品名称", "description|product name|product|item name|item|title"),
    ),
    Field(
        "product_category",
        _("Product category"),
        FieldType.TEXT,
        _names("商品类别|商品分类|类目|品类|分类|产品类别", "category|product category|department"),
    ),
    Field(
        "quantity",
        _("Quantity"),
        FieldType.DECIMAL,
        _names("数量|件数|购买数量|商品数量|销量", "quantity|qty|units|pieces|number of|count"),
    ),
    Field(
        "unit_price",
        _("Unit price"),
        FieldType.DECIMAL,
        _names("单价|价格|售价|商品单价|成交单价", "unit price|price|item price|price each"),
    ),
    Field(
        "amount",
        _("Amount"),
        FieldType.DECIMAL,
        _names(
            "金额|小计|总价|总金额|实付金额|实付|支付金额|付款金额|成交金额|订单金额|销售额|消费金额",
            "amount|line total|total|total amount|subtotal|value|sales|revenue|dollar value|spend",
        ),
        help=_("Of the line, refunds negative; where absent, quantity times unit price"),
    ),
    Field("currency", _("Currency"), FieldType.TEXT, _names("币种|货币", "currency|currency code")),
    Field(
        "channel",
        _("Channel"),
        FieldType.TEXT,
        _names("渠道|销售渠道|下单渠道|订单来源|平台", "channel|sales channel|platform"),
    ),
    Field(
        "store", _("Store"), FieldType.TEXT, _names("门店|店铺|店铺名称|门店名称|网店", "store|shop|store name|branch")
    ),
)

# The customer's fields by what they are called in a file of customers.
PARTY_CODES = {
    "external_id": "customer_id",
    "name": "customer_name",
    "phone": "customer_phone",
    "email": "customer_email",
    "country": "customer_country",
    "province": "customer_province",
    "city": "customer_city",
}
