"""Normal forms: what two spellings of the same thing have in common.

A `check_` function answers (normal form, None) or (None, why not); the reasons are codes that the interfaces put into
words. The plain functions answer the normal form or None.
"""

import re
import unicodedata
from functools import cache

Checked = tuple[str | None, str | None]

_HAN = r"\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_BLANKS = re.compile(r"[\s\u200b\u200c\u200d\u2060\ufeff]+")
_BLANK_BY_HAN = re.compile(f"(?<=[{_HAN}·]) | (?=[{_HAN}·])")
# A number as a spreadsheet shows it when its column is narrow: 1.38E+10.
SHORTENED = re.compile(r"[0-9](?:\.([0-9]+))?[eE]\+?([0-9]{1,3})")
WHOLE_FLOAT = re.compile(r"([0-9]+)\.0+")


def half_width(text: str) -> str:
    """Full-width letters, digits and punctuation as half-width; Han characters stay as they are."""
    return text if text.isascii() else unicodedata.normalize("NFKC", text)


def half_width_number(text: str) -> str:
    """The same of a number. With 5², ½ or ① in it the text stays: those are digits of their own, and 5² is not 52."""
    return text if text.isascii() or any(map(_is_mark, text)) else half_width(text)


def _is_mark(character: str) -> bool:
    if character.isascii() or character.isdecimal():
        return False
    return character.isnumeric() or unicodedata.decomposition(character).startswith(("<super>", "<sub>"))


_GROUPED = re.compile(r"[-+]?[0-9]{1,3}(?:,[0-9]{3})+(?:\.[0-9]+)?")


def ungrouped(text: str) -> str:
    """12,345.6 without the commas that part its thousands. Any other comma stays: it is somebody's decimal point."""
    text = half_width_number(text).strip()
    return text.replace(",", "") if _GROUPED.fullmatch(text) else text


def one_line(text: str) -> str:
    """Runs of blanks of any kind as one space, none at the ends."""
    return _BLANKS.sub(" ", text).strip()


# An export puts an apostrophe before what a spreadsheet would run as a formula; it is no part of the text.
_NEUTRALISED = re.compile(r"'(?=[=+\-@\t\r＝＋－＠])")


def check_text(text: str) -> Checked:
    return one_line(_NEUTRALISED.sub("", text, count=1) if text.startswith("'") else text) or None, None


# --- names ---------------------------------------------------------------------------------------------------------

_DOTS = re.compile("[•・‧∙⋅･．]")
_LEGAL_HAN = re.compile(
    r"(?:(?:集团)?(?:股份)?有限(?:责任)?公司|股份公司|集团公司|责任公司|总公司|集团|(?<![分支子])公司|有限合伙|普通合伙)$"
)
_LAST_OF_LEGAL = frozenset("司团伙abcdefghijklmnopqrstuvwxyz.")
_BRANCHES = ("分公司", "支公司", "支行", "分行", "分店", "办事处")
_LEGAL_BEFORE_BRANCH = re.compile(r"(?:集团)?(?:股份)?有限(?:责任)?公司(?=.)")
_LEGAL_LATIN = re.compile(
    r"""[\s,]*\b(?:co(?:mpany)?\.?[\s,]*ltd\.?|company[\s,]+limited|private\s+limited|pty\.?\s+ltd\.?|pte\.?\s+ltd\.?
        |s\.?\s?a\.?\s?r\.?\s?l\.?|gmbh(?:\s*&\s*co\.?\s*kg)?|incorporated|corporation|limited|company|holdings?|group
        |inc\.?|corp\.?|ltd\.?|llc\.?|llp\.?|plc\.?|co\.|s\.a\.|s\.p\.a\.|ag|bv|b\.v\.|n\.v\.|oy|ab|kk|k\.k\.)$""",
    re.VERBOSE,
)
_BRACKETED_FORM = re.compile(r"\((?:中国|china|prc|p\.r\.c\.|个体工商户|有限合伙|普通合伙|特殊普通合伙)\)")
_BRACKETS = re.compile(r"[()\[\]【】]")


def person_name(name: str) -> str:
    """Lower case, half width; no blank between Han characters; one kind of dot in 阿卜杜拉·买买提."""
    text = _DOTS.sub("·", one_line(half_width(name)))
    return _BLANK_BY_HAN.sub("", text).lower()


def organisation_name(name: str) -> str:
    """The name without its legal form, brackets and blanks: 腾讯科技（深圳）有限公司 as 腾讯科技深圳.

    A branch stays a branch. A name that is nothing but a legal form stays as it is.
    """
    text = one_line(half_width(name)).lower()
    whole = text = _BLANK_BY_HAN.sub("", text) if " " in text else text
    if not text.isalnum():
        text = one_line(_BRACKETS.sub(" ", _BRACKETED_FORM.sub("", text)))
        text = _BLANK_BY_HAN.sub("", text)
    if text.endswith(_BRANCHES):
        return _LEGAL_BEFORE_BRANCH.sub("", text)
    while (shorter := _without_legal_form(text)) != text and shorter:
        text = shorter
    return text or whole


def _without_legal_form(text: str) -> str:
    if text.isascii():
        return _LEGAL_LATIN.sub("", text).strip(" ,.")
    return _LEGAL_LATIN.sub("", _LEGAL_HAN.sub("", text)).strip(" ,.") if text[-1:] in _LAST_OF_LEGAL else text


# --- phone numbers -------------------------------------------------------------------------------------------------

MOBILE = re.compile(r"(?:\+86|0086|86)?(1[3-9][0-9]{9})")
_SEPARATORS = re.compile(r"[\s().\-_/\u2010-\u2015]+")
_EXTENSION = re.compile(
    r"(?:[\s,;]*(?:转|分机号?|ext\.?|extension|x|#)[\s:.]*[0-9]{1,6}|(?<=[0-9]{7})-[0-9]{1,5})$", re.IGNORECASE
)
_LABEL = re.compile(r"^(?:tel|phone|mobile|fax|电话|手机|座机|联系电话)[\s:：.]*", re.IGNORECASE)


def check_phone(value: str, region: str = "CN") -> Checked:
    """E.164, without the extension. region: whose numbers need no country code.

    A spreadsheet's 13800138000.0 is mended; of its 1.38E+10 the digits are lost.
    """
    text = one_line(half_width(value)).lstrip("'")
    if not text:
        return None, None
    if region == "CN" and (mobile := MOBILE.fullmatch(_SEPARATORS.sub("", text))):
        return f"+86{mobile[1]}", None
    if found := SHORTENED.fullmatch(text):
        if len(found[1] or "") < int(found[2]):
            return None, "phone_shortened"
        text = str(int(float(text)))
    elif found := WHOLE_FLOAT.fullmatch(text):
        text = found[1]
    text = _EXTENSION.sub("", _LABEL.sub("", text))
    normal = _parse_phone(text, region)
    return (normal, None) if normal else (None, "phone_invalid")


def _parse_phone(text: str, region: str) -> str | None:
    if region == "CN" and (mobile := MOBILE.fullmatch(_SEPARATORS.sub("", text))):
        return f"+86{mobile[1]}"
    if re.search(r"[^0-9\s+().\-_/\u2010-\u2015]", text):
        return None
    import phonenumbers

    text = re.sub(r"^00(?=[1-9])", "+", text)
    try:
        number = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        return None
    known = phonenumbers.is_valid_number(number)
    if not known and not (text.startswith("+") and phonenumbers.is_possible_number(number)):
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def phone(value: str, region: str = "CN") -> str | None:
    return check_phone(value, region)[0]


def sought_phone(value: str, operator: str) -> str:
    """What a filter asks of numbers in E.164. operator: “is” and “not” ask for the whole number; of a part, 010-6552 is
    106552, and +86106552 for “starts”.
    """
    text = _SEPARATORS.sub("", half_width(value))
    if operator in ("is", "not"):
        return phone(value) or text
    if not (text.isascii() and text.isdecimal()):
        return text
    inner = text.removeprefix("0") or text
    return f"+86{inner}" if operator == "starts" else inner


# --- other identifiers ---------------------------------------------------------------------------------------------

_EMAIL = re.compile(r"[^@\s\"<>(),:;\[\]\\]{1,64}@(?:[\w](?:[\w-]{0,61}[\w])?\.)+[^\W0-9_][\w-]*[\w]")
_NAMED_EMAIL = re.compile(r"^(?:mailto:|[^<]*<)([^<>]+)>?$")
_WECHAT = re.compile(r"[\w\-.@]{2,64}")


def check_email(value: str) -> Checked:
    """Lower case; 张伟 <Zhang@Example.com> gives zhang@example.com."""
    text = half_width(value).strip().lower()
    if named := _NAMED_EMAIL.match(text):
        text = named[1].strip()
    if not text:
        return None, None
    return (text, None) if _EMAIL.fullmatch(text) and ".." not in text else (None, "email_invalid")


def email(value: str) -> str | None:
    return check_email(value)[0]


def check_uscc(value: str) -> Checked:
    """统一社会信用代码 with a right check character, in capitals."""
    from stdnum.cn import uscc as standard

    text = _BLANKS.sub("", half_width(value)).replace("-", "").upper()
    if not text:
        return None, None
    return (text, None) if standard.is_valid(text) else (None, "uscc_invalid")


def uscc(value: str) -> str | None:
    return check_uscc(value)[0]


def check_id_number(value: str) -> Checked:
    """公民身份号码 with a right check character, in capitals."""
    from stdnum.cn import ric

    text = _BLANKS.sub("", half_width(value)).upper()
    if not text:
        return None, None
    return (text, None) if ric.is_valid(text) else (None, "id_number_invalid")


def check_code(value: str) -> Checked:
    """An external id, order number or product code: as written, but 17850.0 is 17850."""
    text = one_line(half_width(value)).lstrip("'")
    if found := WHOLE_FLOAT.fullmatch(text):
        return found[1], None
    if (found := SHORTENED.fullmatch(text)) and "+" in text:
        return None, "number_shortened"
    return text or None, None


def external_id(value: str) -> str | None:
    return check_code(value)[0]


def check_wechat(value: str) -> Checked:
    text = _BLANKS.sub("", half_width(value)).lower()
    if not text:
        return None, None
    return (text, None) if _WECHAT.fullmatch(text) else (None, "wechat_invalid")


def wechat(value: str) -> str | None:
    return check_wechat(value)[0]


@cache
def is_han(character: str) -> bool:
    return re.fullmatch(f"[{_HAN}]", character) is not None
