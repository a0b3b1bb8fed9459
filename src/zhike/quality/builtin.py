"""The rules that Zhike brings: what can be told to be wrong, or odd, without knowing the company."""

from collections.abc import Iterable, Mapping

from django.utils.translation import gettext_lazy as _

from zhike.commerce import guarded as orders
from zhike.customers.guarded import key
from zhike.quality.checks import Check, Label
from zhike.quality.choices import Dimension, Item, Severity
from zhike.quality.patterns import email, phone, quoted, uscc
from zhike.quality.subjects import CUSTOMER, ORDER

ERROR, WARNING, HINT = Severity.ERROR, Severity.WARNING, Severity.HINT
VALIDITY, UNIQUENESS, CONSISTENCY = Dimension.VALIDITY, Dimension.UNIQUENESS, Dimension.CONSISTENCY
VIEW_ORDER = "commerce.view_order"
EARLIEST_ORDER = "DATE '1990-01-01'"

# Mistyped domains to what was meant.
MISTYPED: Mapping[str, str] = {
    **dict.fromkeys(("gmial.com", "gamil.com", "gmai.com", "gmail.con", "gmail.co", "gmaill.com"), "gmail.com"),
    **dict.fromkeys(("qq.con", "qq.co", "qq.cmo", "qq.comm", "qqq.com"), "qq.com"),
    **dict.fromkeys(("163.con", "163.co", "163.cmo", "163.comm"), "163.com"),
    **dict.fromkeys(("126.con", "126.co", "126.cmo"), "126.com"),
    **dict.fromkeys(("sina.con", "sina.co", "sina.cmo"), "sina.com"),
    **dict.fromkeys(("foxmail.con", "foxmial.com", "foxmail.co"), "foxmail.com"),
    **dict.fromkeys(("hotmial.com", "hotmail.con", "hotmai.com"), "hotmail.com"),
    **dict.fromkeys(("outlok.com", "outlook.con", "outlook.co"), "outlook.com"),
    **dict.fromkeys(("yahoo.con", "yaho.com"), "yahoo.com"),
    **dict.fromkeys(("139.con", "139.co"), "139.com"),
    **dict.fromkeys(("aliyun.con", "aliyun.co"), "aliyun.com"),
}
TITLES = "先生|女士|小姐|太太"
JOBS = "老师|师傅|经理|总监|总|医生|主任|老板"
DOUBLE_SURNAMES = "欧阳|司马|上官|诸葛|东方|皇甫|尉迟|公孙|令狐|慕容|长孙|宇文|司徒|夏侯|端木|南宫|轩辕|独孤"
_FIRM = "公司|集团|有限责任|股份|工厂|医院|事务所|委员会|协会|基金会|合作社|经营部|商行|有限合伙"
_FIRM_LATIN = r"(?i)\b(co\.?,? ?ltd|limited|inc|llc|gmbh|corp)\.?$"
_NOBODY = (
    "测试|test|无名|匿名|未知|未填|未填写|不详|无|暂无|客户|新客户|顾客|用户|先生|女士|小姐|某某|x{3,}|a{3,}|n/?a|null|none"
    "|asdf"
)
WIDE = r"[０-９Ａ-Ｚａ-ｚ　\x{200B}-\x{200D}\x{FEFF}]|\p{Han} +\p{Han}|  |^ | $"
_SAME_DIGITS = "|".join(f"{digit}{{7}}" for digit in range(10))
_PLACEHOLDER_PHONE = f"({_SAME_DIGITS})|(12345678|23456789|87654321|98765432)$"
_PLACEHOLDER_EMAIL = (
    r"^(test|a{3,}|x{3,}|123|1234|12345|none|no|null|na|noreply|no-reply|anonymous)@"
    r"|@(example\.(com|org|net|cn)|test\.(com|cn)|none\.com|no\.com)$"
)


def _person(
    name: str, severity: Severity, label: Label, meaning: Label, where: str, *, field: str = "name", value: str = "",
    dimension: Dimension = VALIDITY, reads: tuple[str, ...] = (), fix: str = "",
) -> Check:  # fmt: skip
    """A rule about columns of the customer. value: what makes a finding another one; the field itself, if not given."""
    said = f"CAST({value or field} AS VARCHAR)"
    return Check(
        key=name, record=CUSTOMER, field=field, dimension=dimension, severity=severity, label=label, meaning=meaning,
        sql=f"SELECT id AS item_id, id AS customer_id, {said} AS value FROM customers WHERE {where}",
        reads=(key(field), *reads), fix=fix,
    )  # fmt: skip


def _identifier(name: str, kind: str, severity: Severity, label: Label, meaning: Label, where: str,
                dimension: Dimension = VALIDITY, fix: str = "") -> Check:  # fmt: skip
    query = f"SELECT id AS item_id, customer_id, value FROM identifiers WHERE kind = {quoted(kind)} AND ({where})"
    return Check(
        key=name, record=CUSTOMER, field=kind, dimension=dimension, severity=severity, label=label, meaning=meaning,
        sql=query, item=Item.IDENTIFIER, reads=(key(kind),), fix=fix,
    )  # fmt: skip


def _shared(kind: str) -> str:
    """Values that several customers have."""
    return (
        f"value_normal IN (SELECT value_normal FROM identifiers WHERE kind = {quoted(kind)}"
        " GROUP BY value_normal HAVING count(DISTINCT customer_id) > 1)"
    )


def of_phones(codes: Iterable[int]) -> list[Check]:
    return [
        _identifier(
            "phone_impossible", "phone", ERROR, _("Impossible phone number"),
            _("No such number exists in the numbering plan of its country: too short, too long, or a prefix that was"
              " never given out. Nobody can be reached by it."),
            f"NOT {phone('value_normal', codes)}",
        ),
        _identifier(
            "phone_placeholder", "phone", WARNING, _("Phone number that looks made up"),
            _("Seven and more equal digits in a row, or 12345678: typed in because the form wanted a number."),
            f"regexp_matches(value_normal, {quoted(_PLACEHOLDER_PHONE)})",
        ),
        _identifier(
            "phone_shared", "phone", WARNING, _("Phone number of several customers"),
            _("The same number stands with more than one customer: one person entered twice, a family, or a wrong"
              " number. Merge who is the same under Duplicates."),
            _shared("phone"), dimension=UNIQUENESS,
        ),
        _identifier(
            "phone_form", "phone", HINT, _("Phone number written in another way"),
            _("Mobile numbers with blanks, hyphens, 86 or letters. They are found all the same; written alike, people"
              " and other systems compare them at a glance."),
            r"regexp_full_match(value_normal, '\+861[3-9][0-9]{9}') AND value <> substr(value_normal, 4)",
            fix="phone_form",
        ),
    ]  # fmt: skip


def of_emails() -> list[Check]:
    domains = ", ".join(quoted(domain) for domain in MISTYPED)
    return [
        _identifier(
            "email_invalid", "email", ERROR, _("Not an e-mail address"),
            _("Something before and behind an @ is missing, or signs that no address has. No mail arrives there."),
            f"NOT {email('value_normal')}",
        ),
        _identifier(
            "email_typo", "email", ERROR, _("Mistyped e-mail provider"),
            _("A known provider with a slip in its name, such as gmial.com or qq.con."),
            f"split_part(value_normal, '@', 2) IN ({domains})", fix="email_typo",
        ),
        _identifier(
            "email_placeholder", "email", WARNING, _("E-mail address that looks made up"),
            _("test@, aaa@, addresses of example.com and the like."),
            f"regexp_matches(value_normal, {quoted(_PLACEHOLDER_EMAIL)})",
        ),
        _identifier(
            "email_shared", "email", HINT, _("E-mail address of several customers"),
            _("The same address stands with more than one customer."), _shared("email"), dimension=UNIQUENESS,
        ),
        _identifier(
            "email_form", "email", HINT, _("E-mail address written in another way"),
            _("Capitals, blanks or a name around the address; mail arrives, but people and systems do not see at once"
              " that it is the same."),
            "value <> value_normal", fix="email_form",
        ),
        _identifier(
            "uscc_checksum", "uscc", ERROR, _("Wrong unified social credit code"),
            _("The check character does not fit the 17 before it (GB 32100): a digit is wrong, or two are exchanged."),
            f"NOT {uscc('value_normal')}",
        ),
    ]  # fmt: skip


def of_names() -> list[Check]:
    person, firm = "kind = 'person' AND ", "kind = 'organisation' AND "
    return [
        _person(
            "name_is_organisation", ERROR, _("Organisation entered as a person"),
            _("A person whose name is that of a company: it gets birthday wishes, and is missing among organisations."),
            f"{person}(regexp_matches(name, {quoted(_FIRM)}) OR regexp_matches(name, {quoted(_FIRM_LATIN)}))",
            dimension=CONSISTENCY, reads=(key("kind"),),
        ),
        _person(
            "organisation_is_person", WARNING, _("Person entered as an organisation"),
            _("An organisation with a birthday or an ID number."),
            f"{firm}(birthday_on IS NOT NULL OR has_id_number)",
            dimension=CONSISTENCY, reads=(key("kind"), key("birthday_on"), key("id_number")),
        ),
        _person(
            "name_placeholder", WARNING, _("Name that says nothing"),
            _("Test, unknown, customer, digits or signs only: nobody can be addressed by it."),
            f"regexp_full_match(name, {quoted(rf'(?i)({_NOBODY})[0-9]*|[^\pL]+')})",
        ),
        _person(
            "name_incomplete", HINT, _("Only the surname is known"),
            _("A surname with a title or a position behind it. The full name is to be asked for."),
            f"{person}regexp_full_match(name, {quoted(rf'(\p{{Han}}|{DOUBLE_SURNAMES})({TITLES}|{JOBS})')})",
            dimension=Dimension.COMPLETENESS,
        ),
        _person(
            "name_title", HINT, _("Title within the name"),
            _("A title such as Mr behind the full name: it belongs into the salutation. Otherwise letters begin with it"
              " twice, and the same person is not recognised without it."),
            rf"{person}regexp_full_match(name, '\p{{Han}}{{2,4}}({TITLES})')"
            f" AND NOT regexp_full_match(name, {quoted(f'({DOUBLE_SURNAMES})({TITLES})')})",
            fix="name_title",
        ),
        _person(
            "name_form", HINT, _("Name with full-width letters or stray blanks"),
            _("Full-width letters and digits, blanks between Chinese characters, double blanks and invisible signs, as"
              " they come with copies from other systems."),
            f"regexp_matches(name, {quoted(WIDE)})", fix="name_form",
        ),
    ]  # fmt: skip


def of_people() -> list[Check]:
    return [
        _person(
            "birthday_future", ERROR, _("Birthday in the future"), _("Nobody is born yet on this day."),
            "birthday_on > as_of()", field="birthday_on",
        ),
        _person(
            "birthday_old", ERROR, _("Birthday before 1900"), _("Whoever was born then is no customer any more."),
            "birthday_on < DATE '1900-01-01'", field="birthday_on",
        ),
        _person(
            "birthday_placeholder", WARNING, _("Birthday that a system made up"),
            _("1 January 1900 or 1970: what spreadsheets and systems write where nothing was entered."),
            "birthday_on IN (DATE '1900-01-01', DATE '1970-01-01')", field="birthday_on",
        ),
        _person(
            "birthday_missing", HINT, _("Birthday that stands in the ID number"),
            _("The birthday is empty, and the ID number is there, which contains it (GB 11643). Shown to those who read"
              " ID numbers."),
            "kind = 'person' AND birthday_on IS NULL AND has_id_number", field="birthday_on",
            dimension=Dimension.COMPLETENESS, reads=(key("id_number"),), fix="birthday",
        ),
        _person(
            "owner_left", WARNING, _("Owner who has left"),
            _("The account of the owner is closed, so nobody looks after the customer."),
            "owner_left", field="owner", value="owner_id", dimension=CONSISTENCY,
        ),
        _person(
            "unreachable", WARNING, _("No way to reach them"),
            _("Neither phone, e-mail, WeChat nor address."),
            "NOT (has_phone OR has_email OR has_wechat OR has_address)",
            field="phone", value="''", dimension=Dimension.COMPLETENESS,
            reads=(key("email"), key("wechat"), key("address")),
        ),
        Check(
            key="contact_before_created", record=CUSTOMER, field="activity", dimension=CONSISTENCY, severity=HINT,
            label=_("Last follow-up before the customer was there"),
            meaning=_("The last follow-up bears a day before the customer was entered here by hand: one of the two"
                      " days is wrong."),
            sql="SELECT c.id AS item_id, c.id AS customer_id, CAST(last_on AS VARCHAR) AS value FROM contacts"
                " JOIN customers AS c ON c.id = contacts.customer_id WHERE last_on < created_on AND NOT is_imported",
            reads=(key("activity"),),
        ),
    ]  # fmt: skip


def of_places() -> list[Check]:
    return [
        *(
            _person(
                f"{name}_form", HINT, label,
                _("The same place is written with its suffix here and without it there. Filters then find only one"
                  " part; the way that most records have it is taken."),
                f"{name} IN (SELECT written FROM minor_forms WHERE field = {quoted(name)})",
                field=name, value=name, dimension=CONSISTENCY, fix="place_form",
            )
            for name, label in (
                ("province", _("Province written in two ways")), ("city", _("City written in two ways")),
            )
        ),
        _person(
            "city_elsewhere", ERROR, _("City that lies in another province"),
            _("The city is known, and does not lie in the province that stands beside it."),
            "(province, city) IN (FROM apart)",
            field="city", value="concat_ws(' ', province, city)", dimension=CONSISTENCY, reads=(key("province"),),
        ),
        _person(
            "province_missing", HINT, _("Province that follows from the city"),
            _("The city is filled in and lies in one province only. Source: the table of regions (GB/T 2260)."),
            "province = '' AND city IN (SELECT written FROM known_cities GROUP BY written"
            " HAVING count(DISTINCT province) = 1)",
            field="province", value="city", dimension=Dimension.COMPLETENESS, reads=(key("city"),), fix="province",
        ),
        Check(
            key="place_in_address", record=CUSTOMER, field="city", dimension=Dimension.COMPLETENESS, severity=WARNING,
            label=_("Province and city that stand in the address"),
            meaning=_("Province or city is empty, and the address begins with them. Split by the table of regions"
                      " (GB/T 2260)."),
            sql="SELECT customer_id AS item_id, customer_id, address AS value FROM located",
            reads=(key("city"), key("province"), key("address")), fix="place_in_address",
        ),
    ]  # fmt: skip


def of_orders() -> list[Check]:
    def order(name: str, severity: Severity, label: Label, meaning: Label, where: str, field: str = "amount",
              dimension: Dimension = VALIDITY, reads: tuple[str, ...] = (orders.AMOUNT,)) -> Check:  # fmt: skip
        value = "amount" if field == "amount" else "placed_on"
        return Check(
            key=name, record=ORDER, field=field, dimension=dimension, severity=severity, label=label, meaning=meaning,
            sql=f"SELECT id AS item_id, customer_id, CAST({value} AS VARCHAR) AS value FROM orders WHERE {where}",
            item=Item.ORDER, reads=reads, permission=VIEW_ORDER,
        )  # fmt: skip

    return [
        order(
            "order_future", ERROR, _("Order of a day to come"), _("The day of purchase lies in the future."),
            "placed_on > as_of()", field="placed_at", reads=(),
        ),
        order(
            "order_old", WARNING, _("Order from before 1990"),
            _("The day of purchase is that of no system of today; usually a spreadsheet's empty day."),
            f"placed_on < {EARLIEST_ORDER}", field="placed_at", reads=(),
        ),
        order(
            "order_before_customer", WARNING, _("Order from before the customer was there"),
            _("The purchase bears a day before the customer was entered here by hand. Imported customers are left out:"
              " their purchases are older than their import."),
            "id IN (SELECT orders.id FROM orders JOIN customers ON customers.id = orders.customer_id"
            " WHERE NOT is_imported AND orders.placed_on < customers.created_on)",
            field="placed_at", dimension=CONSISTENCY, reads=(),
        ),
        order(
            "order_zero", HINT, _("Sale for nothing"),
            _("A sale whose amount is 0: a gift, or an amount that is missing."),
            "kind = 'sale' AND amount = 0",
        ),
        order(
            "amount_far", WARNING, _("Amount far from all others"),
            _("Amounts are compared on a scale of logarithms, in each currency: beyond three interquartile ranges of"
              " the boxplot adjusted for skewness (Hubert and Vandervieren 2008). Usually a slipped point or a wrong"
              " currency."),
            "id IN (SELECT orders.id FROM orders JOIN fences ON fences.subject = 'amount'"
            " AND fences.part = orders.currency WHERE kind = 'sale' AND amount > 0"
            " AND (amount < fences.low OR amount > fences.high))",
            dimension=Dimension.OUTLIERS,
        ),
    ]  # fmt: skip
