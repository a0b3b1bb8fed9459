"""What a column of a customer file can mean, under the names that files use."""

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from zhike.exchange.fields import Field, FieldType


def _names(chinese: str, english: str) -> tuple[str, ...]:
    return (*chinese.split("|"), *english.split("|"))


FIELDS = (
    Field(
        "external_id",
        _("External id"),
        FieldType.CODE,
        _names(
            "客户编号|客户ID|客户号|会员号|会员编号|会员ID|卡号|编号|外部编号|用户ID",
            "customer id|customer no|customer number|member id|member no|user id|id|external id",
        ),
        help=_("The customer's number in the system the file comes from; it recognises the customer next time"),
    ),
    Field(
        "name",
        pgettext_lazy("customer", "Name"),
        FieldType.NAME,
        _names(
            "姓名|名称|客户名称|客户姓名|客户|公司名称|企业名称|单位名称|会员姓名|联系人",
            "name|full name|customer name|customer|company|company name|contact name",
        ),
    ),
    Field(
        "kind",
        _("Kind"),
        FieldType.TEXT,
        _names("客户类型|客户类别|类型|客户性质", "kind|customer type|customer kind"),
        help=_("Person or organisation; where empty, the credit code and the name decide"),
    ),
    Field(
        "phone",
        _("Phone"),
        FieldType.PHONE,
        _names(
            "手机|手机号|手机号码|电话|电话号码|联系电话|联系方式|移动电话|座机",
            "phone|mobile|mobile phone|telephone|tel|cell|phone number",
        ),
    ),
    Field(
        "email",
        _("E-mail"),
        FieldType.EMAIL,
        _names("邮箱|电子邮箱|邮件|电子邮件|邮箱地址", "email|e-mail|mail|email address"),
    ),
    Field(
        "wechat",
        _("WeChat id"),
        FieldType.WECHAT,
        _names("微信|微信号|微信ID", "wechat|wechat id|weixin|wxid"),
    ),
    Field(
        "address",
        _("Address"),
        FieldType.TEXT,
        _names("地址|详细地址|联系地址|收货地址|通讯地址", "address|street address|street"),
    ),
    Field(
        "uscc",
        _("Unified social credit code"),
        FieldType.USCC,
        _names("统一社会信用代码|信用代码|社会信用代码|税号|纳税人识别号", "uscc|credit code|tax id"),
    ),
    Field(
        "id_number",
        _("ID number"),
        FieldType.ID_NUMBER,
        _names(
            "身份证|身份证号|身份证号码|公民身份号码|证件号码|证件号",
            "id number|id card|identity number|identity card number|resident id",
        ),
        help=_("Kept encrypted; the file itself holds it as you uploaded it, until imports are cleared away"),
    ),
    Field("country", _("Country"), FieldType.TEXT, ("国家", "国家地区", "国别", "country", "country region")),
    Field("province", _("Province"), FieldType.TEXT, ("省", "省份", "所在省", "province", "state", "region")),
    Field("city", _("City"), FieldType.TEXT, ("城市", "市", "所在城市", "所在地", "city", "town")),
    Field(
        "birthday_on",
        _("Birthday"),
        FieldType.DATE,
        _names("生日|出生日期|出生年月日", "birthday|date of birth|birth date|dob"),
    ),
    Field(
        "channel",
        _("Source channel"),
        FieldType.TEXT,
        _names("来源|来源渠道|渠道|客户来源|获客渠道", "source channel|channel|lead source"),
    ),
    Field(
        "owner",
        _("Owner"),
        FieldType.TEXT,
        _names("负责人|归属人|销售|跟进人|客户经理", "owner|account owner|sales rep"),
        help=_("A user name; where empty, whoever imports the file"),
    ),
    Field("tags", _("Tags"), FieldType.TEXT, ("标签", "客户标签", "tags", "tag", "labels")),
    Field("note", _("Notes"), FieldType.TEXT, ("备注", "说明", "附注", "note", "notes", "remark", "comment")),
)
