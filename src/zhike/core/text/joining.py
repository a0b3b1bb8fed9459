"""Several things and several clauses in a row, as the language of the reader joins them."""

from collections.abc import Iterable

from django.utils.functional import Promise
from django.utils.translation import pgettext


def things(said: Iterable[str | Promise]) -> str:
    """Names: Name, City; 名称、城市."""
    return pgettext("between things", ", ").join(map(str, said))


def clauses(said: Iterable[str | Promise]) -> str:
    """Whole conditions: City is 杭州; Orders ≥ 3."""
    return pgettext("between clauses", "; ").join(map(str, said))
