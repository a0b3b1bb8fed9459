"""Which customer a row means, decided row after row as if each were imported by itself.

1. A customer with the row's external id of the same source.
2. Else the customer with the row's credit code.
3. Else the customer that holds one of the row's phones, e-mails or WeChat ids, if it is exactly one. Who carries
   another external id of the same source, or another credit code, is somebody else.
4. A row with none of these is recognised by its name, if exactly one customer has it.
5. Else it is a new customer, whom later rows may mean.

A row is refused where several customers fit, or where its external id and its credit code name two of them.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

type Key = tuple[str, str]  # kind of identifier and its normal form
NAME = "name"
EXTERNAL, USCC = "external", "uscc"
UNIQUE = (EXTERNAL, USCC)


@dataclass(frozen=True)
class Row:
    """A row's identifiers, of which the first are the surest. hits: customers in the database by kind of identifier."""

    number: int
    keys: tuple[Key, ...]
    hits: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True)
class Decision:
    """customer: an id of the database; or a new one, named by minus the number of its first row. None: refused.

    candidates: the customers of the database that were considered where it is refused.
    """

    row: int
    customer: int | None
    reason: str = ""
    candidates: tuple[int, ...] = ()


@dataclass
class Sequence:
    """The state between two rows. unique: external ids and credit codes of customers that hits name."""

    unique: dict[int, set[Key]]
    _holders: dict[Key, list[int]] = field(default_factory=lambda: defaultdict(list))

    def decide(self, rows: Iterable[Row]) -> Iterator[Decision]:
        """Rows in the file's order."""
        for row in rows:
            decision = self._decide(row)
            if decision.customer is not None:
                self._note(row, decision.customer)
            yield decision

    def _decide(self, row: Row) -> Decision:
        by_kind = self._fitting(row)
        codes = {kind: self._only(by_kind.get(kind, set())) for kind in UNIQUE}
        external, coded = codes[EXTERNAL], codes[USCC]
        if external is not None:
            if coded is not None and coded != external:
                return _refusal(row, "identity_conflict", {external, coded})
            return Decision(row.number, external)
        if coded is not None:
            if self._is_somebody_else(coded, row):
                return _refusal(row, "identity_conflict", {coded})
            return Decision(row.number, coded)
        others = {
            customer
            for kind, customers in by_kind.items()
            for customer in customers
            if kind not in UNIQUE and not self._is_somebody_else(customer, row)
        }
        if len(others) > 1:
            return _refusal(row, "ambiguous", others)
        return Decision(row.number, others.pop() if others else -row.number)

    def _fitting(self, row: Row) -> dict[str, set[int]]:
        """Customers who hold one of the row's identifiers, by its kind; the name counts only where it stands alone."""
        found: dict[str, set[int]] = defaultdict(set)
        for kind, customer in row.hits:
            found[kind].add(customer)
        alone = all(kind == NAME for kind, _ in row.keys)
        for key in row.keys:
            if key[0] != NAME or alone:
                found[key[0]].update(self._holders.get(key, ()))
        return found

    def _is_somebody_else(self, customer: int, row: Row) -> bool:
        theirs = self.unique.get(customer, set())
        for kind in UNIQUE:
            own = {key for key in row.keys if key[0] == kind}
            if own and any(key[0] == kind for key in theirs) and not own & theirs:
                return True
        return False

    def _note(self, row: Row, customer: int) -> None:
        for key in row.keys:
            holders = self._holders[key]
            if customer not in holders:
                holders.append(customer)
            if key[0] in UNIQUE:
                self.unique.setdefault(customer, set()).add(key)

    def _only(self, customers: set[int]) -> int | None:
        return min(customers) if customers else None


def _refusal(row: Row, reason: str, candidates: set[int]) -> Decision:
    return Decision(row.number, None, reason, tuple(sorted(customer for customer in candidates if customer > 0)))
