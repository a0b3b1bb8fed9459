"""Why a row or a file is refused, in words for the person who has to mend it."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from zhike.core.errors import DomainError

# A row keeps the code; the words are chosen when they are read, in the reader's language.
ROW_REASONS: dict[str, str | Promise] = {
    "column_count": _("The row has %(value)s columns, the header has %(expected)s"),
    "encoding": _("Column “%(column)s” is not %(expected)s from byte %(value)s of the line; the file mixes encodings"),
    "nul": _("Column “%(column)s” holds a NUL character"),
    "cell_too_long": _("The cell in column “%(column)s” is longer than %(expected)s characters"),
    "quote_open": _("A quotation mark in column “%(column)s” is opened and never closed"),
    "not_json": _("The line is not a JSON object: %(value)s"),
    "unknown_key": _("The key “%(column)s” appears in no earlier row"),
    "missing": _("“%(column)s” is empty"),
    "phone_invalid": _("“%(value)s” in column “%(column)s” is not a phone number"),
    "phone_shortened": _("A spreadsheet shortened the number “%(value)s” in column “%(column)s”; its digits are lost"),
    "number_shortened": _(
        "A spreadsheet shortened “%(value)s” in column “%(column)s”; set the column to text and export it again"
    ),
    "email_invalid": _("“%(value)s” in column “%(column)s” is not an e-mail address"),
    "uscc_invalid": _("“%(value)s” in column “%(column)s” is not a unified social credit code"),
    "id_number_invalid": _("“%(value)s” in column “%(column)s” is not a valid ID number"),
    "wechat_invalid": _("“%(value)s” in column “%(column)s” is not a WeChat id"),
    "date_invalid": _("“%(value)s” in column “%(column)s” is not a date that exists"),
    "number_invalid": _("“%(value)s” in column “%(column)s” is not a number"),
    "number_too_large": _("“%(value)s” in column “%(column)s” has too many digits"),
    "integer_invalid": _("“%(value)s” in column “%(column)s” is not a whole number"),
    "own_invalid": _("“%(value)s” does not fit the field of column “%(column)s”; look at its values and limits"),
    "own_unknown": _("“%(value)s” in column “%(column)s” is nobody, or several of that name"),
    "own_taken": _("“%(value)s” in column “%(column)s” stands in another record already, and only one may have it"),
    "own_missing": _("“%(value)s” has to be filled in for a new customer"),
    "text_too_long": _("“%(column)s” is longer than %(expected)s characters"),
}

# Headers of the file of refused rows, and what they are called in every language the product speaks.
REASON_COLUMN = _("Reason for refusal")
LINE_COLUMN = _("Line as it was")
_REASON_COLUMNS = frozenset({"Reason for refusal", "拒绝原因"})


def is_reason_column(name: str) -> bool:
    """Whether a column is what an earlier import said about the rows, and no data."""
    return name in _REASON_COLUMNS


def describe(code: str, *, column: str = "", value: str = "", expected: str = "") -> str:
    """The reason in the current language; apps with reasons of their own register them in `ROW_REASONS`."""
    return str(ROW_REASONS[code]) % {"column": column, "value": value, "expected": expected}


class FileProblem(DomainError):
    """A file that cannot be read at all; the message names it."""

    code = "file_refused"
    status = 422
