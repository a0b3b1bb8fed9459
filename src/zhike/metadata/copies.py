"""Where copies of a company's own fields lie besides their records: apps that make some say how they are taken out.

Asked when a field becomes encrypted, so that what stood there before is not left behind in the clear.
"""

import re
from collections.abc import Callable

from django.db import connection, transaction

from zhike.core.fields import COVERED
from zhike.metadata.kinds import Known

type Copy = str | Callable[[Known], None]
_copies: list[Copy] = []
_returns: list[Callable[[Known], None]] = []


def declare(*copies: Copy) -> None:
    """What takes one field out of an app's tables; called when the app is ready.

    SQL gets %(record)s, the kind of record; %(key)s of the field; %(name)s, "custom.key"; %(mark)s, what stands in
    place of a value that was there; %(asks)s, what matches a condition with values in a list's address.
    """
    _copies.extend(copies)


def declare_return(*returns: Callable[[Known], None]) -> None:
    """What an app has encrypted beside the vault, such as in the recycle bin, and brings into the clear with it."""
    _returns.extend(returns)


def bring_out(known: Known) -> None:
    """The field is stored encrypted no longer; in that transaction."""
    for one in _returns:
        one(known)


def forget(known: Known) -> None:
    """Take every copy of the field's values out, one transaction each; seeing everything. May be repeated."""
    # Not what asks by digest, nor whether there is something.
    asks = rf"((?:^|[^a-z0-9_.]){re.escape(known.name)}:)(?!filled|empty|is:[0-9]+-[0-9a-f]{{64}})[a-z]+:"
    told = {"record": known.record, "key": known.key, "name": known.name, "mark": COVERED}
    told["asks"] = asks + r"(?:[^\\;)&]|\\.|%5C.)*"
    for copy in _copies:
        with transaction.atomic():
            if isinstance(copy, str):
                with connection.cursor() as cursor:
                    cursor.execute(copy, told)
            else:
                copy(known)


def without_values(table: str, *, also: str = "") -> str:
    """SQL that takes values out of addresses of lists that ask for some. What is left asks for nothing that there is
    and is refused, so that nothing narrow becomes wide. also: column that says the same in words.
    """
    emptied = f", {also} = ''" if also else ""
    return (
        f"UPDATE {table} SET query = regexp_replace(query, %(asks)s, '\\1is:-', 'g'){emptied}"  # noqa: S608
        " WHERE query ~ %(asks)s"
    )
