"""What an importable record consists of; apps declare it, recognition and import read it."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from django.utils.functional import Promise

from zhike.core.fields import COVERED
from zhike.core.masking import id_number
from zhike.core.text.normal import Checked


class FieldType(StrEnum):
    """How the text of a cell becomes a value.

    CODE keeps its text as written, leading zeros included; TEXT and NAME lose surrounding blanks only.
    """

    TEXT = "text"
    NAME = "name"
    CODE = "code"
    PHONE = "phone"
    EMAIL = "email"
    WECHAT = "wechat"
    USCC = "uscc"
    ID_NUMBER = "id_number"
    DATE = "date"
    DATETIME = "datetime"
    DECIMAL = "decimal"
    INTEGER = "integer"


@dataclass(frozen=True)
class Field:
    """One thing a column can mean.

    code: stable word for mappings ("placed_at"). label: for people. names: what files call it, in Chinese and
    English; case, blanks, underscores, brackets and units do not matter. required: a row without it is refused.
    finish: from a value of the type to the value that is kept, or why it cannot be. is_own: one that the company added.
    is_sealed: one of those that are stored encrypted.
    """

    code: str
    label: str | Promise
    type: FieldType
    names: tuple[str, ...]
    required: bool = False
    help: str | Promise = ""
    finish: Callable[[str], Checked] | None = None
    is_own: bool = False
    is_sealed: bool = False

    @property
    def is_secret(self) -> bool:
        """Whether its values stand nowhere in the clear but in the file itself."""
        return self.is_sealed or self.type is FieldType.ID_NUMBER

    def cover(self, cell: str) -> str:
        """A cell of such a column as it may be shown and kept, valid or not."""
        return id_number(cell) if self.type is FieldType.ID_NUMBER else COVERED if cell else ""
