"""Where a kind of record keeps those of its own fields that are stored encrypted.

Their values stand in no `custom`, so that whatever reads that column (formulas, filters, figures, files, history) has
nothing of them; what may read them asks the vault by name.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from django.db.models import Q

from zhike.metadata.models import Kind

# What is a text, or can be written as one.
SEALABLE = (Kind.TEXT, Kind.LONG_TEXT, Kind.NUMBER, Kind.PHONE, Kind.EMAIL)


class Vault(Protocol):
    """name: of the field, "custom.k". Values are texts as `kinds.written` writes them."""

    def columns(self, name: str) -> Mapping[str, Any]:
        """Annotations of a query of such records, which `open_row` opens."""

    def open_row(self, name: str, row: dict[str, Any], *, pk: int) -> str:
        """The value of a row with `columns`, which go."""

    def having(self, name: str, text: str) -> Q:
        """Records with exactly this value, found without opening any."""

    def marked(self, name: str, marks: Sequence[str]) -> Q:
        """Records with one value, by what an address carries in place of it: keyed digests, and of which keys.

        :raises zhike.core.lists.grammar.FilterInvalid: no such marks, or of keys that are not those in force
        """

    def filled(self, name: str) -> Q:
        """Records that have a value."""

    def hold(self, name: str) -> None:
        """Nobody else gives the field a value that only one record may have until this transaction is over."""

    def list_doubles(self, name: str, most: int) -> Sequence[tuple[int, Sequence[int]]]:
        """How many records have the same value, and the first of them; the most frequent first."""

    def put(self, name: str, values: Mapping[int, str], *, keeps: bool = False) -> None:
        """Keep the values of these records, by number, in place of what they have; in a transaction.

        keeps: what they have stays.
        """

    def count(self, name: str) -> int:
        """How many records have a value."""

    def take(self, name: str, *, after: int, most: int) -> Mapping[int, str]:
        """Take away the values of so many records behind this number and return them; in a transaction."""
