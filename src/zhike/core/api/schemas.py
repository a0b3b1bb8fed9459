"""Shapes that the schemas of all apps are made of."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Annotated, Any

from ninja import Path, Query
from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StrictBool,
    StringConstraints,
    WithJsonSchema,
)

BIGGEST_ID = 2**63 - 1
EARLIEST, LATEST = 1800, 2200


class Input(BaseModel):
    """What a client sends. Unknown fields are refused, so that a misspelt one is noticed."""

    model_config = ConfigDict(extra="forbid")

    def given(self) -> dict[str, Any]:
        """The fields that the client sent, for changes of a part."""
        return {name: getattr(self, name) for name in self.model_fields_set}


class Output(BaseModel):
    """What a client gets: the documented shape of rows that selectors make."""


class PageOf[Item: BaseModel](Output):
    """One page of a list. next_cursor: what `after` takes for the next page; null on the last one."""

    items: list[Item]
    next_cursor: str | None


def _without_nul(text: str) -> str:
    if "\x00" in text:
        raise ValueError("must not contain the NUL character")
    return text


def _exact(value: object) -> object:
    if not isinstance(value, str):
        raise ValueError('must be a decimal number written as text, such as "12.50"')
    return value


def _iso(value: object) -> object:
    # Left alone, a bare number would be taken for seconds since 1970.
    if isinstance(value, str) and not value[4:5] == "-":
        raise ValueError("must be written as in ISO 8601")
    if isinstance(value, int | float):
        raise ValueError("must be written as in ISO 8601, as text")
    return value


def _in_utc(moment: datetime) -> datetime:
    if not EARLIEST < moment.year < LATEST:
        raise ValueError(f"must lie between the years {EARLIEST} and {LATEST}")
    return moment.astimezone(UTC)


Moment = Annotated[AwareDatetime, BeforeValidator(_iso), AfterValidator(_in_utc)]
Day = Annotated[date, BeforeValidator(_iso)]
Text = Annotated[str, AfterValidator(_without_nul)]
Name = Annotated[Text, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
Short = Annotated[Text, StringConstraints(strip_whitespace=True, max_length=50)]
Amount = Annotated[
    Decimal,
    BeforeValidator(_exact),
    Field(max_digits=22, decimal_places=8),
    WithJsonSchema({"type": "string", "pattern": r"^-?[0-9]{1,14}(\.[0-9]{1,8})?$", "examples": ["129.90"]}),
]
Quantity = Annotated[
    Decimal,
    BeforeValidator(_exact),
    Field(max_digits=20, decimal_places=6),
    WithJsonSchema({"type": "string", "pattern": r"^-?[0-9]{1,14}(\.[0-9]{1,6})?$", "examples": ["2"]}),
]
Exact = Annotated[Decimal, WithJsonSchema({"type": "string", "pattern": r"^-?[0-9]+(\.[0-9]+)?$"})]
# A number or a word is no answer to yes or no.
Flag = StrictBool
Id = Annotated[int, Path(ge=1, le=BIGGEST_ID)]
Limit = Annotated[int, Query(ge=1, le=200, description="How many items a page has at most.")]
After = Annotated[str, Query(max_length=1000, description="The next_cursor of the page before.")]
