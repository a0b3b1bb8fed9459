"""What may be offered to whom at all; asked before any score, and each refusal has its reason."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

import numpy as np
from scipy import sparse

from zhike.science.recommending.interactions import Integers, Interactions
from zhike.science.recommending.models import SettingInvalid, rows_of

type Flags = np.ndarray[Any, np.dtype[np.bool_]]


class Rule(Protocol):
    @property
    def reason(self) -> str:
        """Why a product is refused, as a key: "out of stock"."""

    def allows(self, users: Integers) -> Flags:
        """Of each of these customers (places; -1: unknown), or in one row for all of them, which products may be
        offered."""


@dataclass(frozen=True, kw_only=True)
class Offered:
    """Only what is on sale, and in stock."""

    products: Flags
    reason: ClassVar[str] = "out of stock"

    def allows(self, users: Integers) -> Flags:
        return self.products[None, :]


def only_offered(interactions: Interactions, products: Iterable[Any]) -> Offered:
    """products: ids that can be had; those that nobody knows are of no consequence."""
    offered = set(products)
    return Offered(products=np.array([one in offered for one in interactions.items.to_pylist()], dtype=bool))


@dataclass(frozen=True, kw_only=True)
class NotFor:
    """Pairs of customer and product that are refused: an age, a consent, an offer that was turned down."""

    refused: sparse.csr_matrix
    reason: str

    def allows(self, users: Integers) -> Flags:
        allowed: Flags = rows_of(self.refused, users).toarray() == 0
        return allowed


def not_for(interactions: Interactions, pairs: Iterable[tuple[Any, Any]], *, reason: str) -> NotFor:
    """pairs: customer's and product's id. Unknown ones are of no consequence."""
    user_of = {one: place for place, one in enumerate(interactions.users.to_pylist())}
    item_of = {one: place for place, one in enumerate(interactions.items.to_pylist())}
    known = [(user_of[user], item_of[item]) for user, item in pairs if user in user_of and item in item_of]
    rows, columns = [user for user, _item in known], [item for _user, item in known]
    ones = np.ones(len(known), dtype=np.float32)
    return NotFor(refused=sparse.csr_matrix((ones, (rows, columns)), shape=interactions.shape), reason=reason)


def not_bought_lately(interactions: Interactions, *, days: int | None = None) -> NotFor:
    """Nothing that the customer bought within the last so many days; None: ever.

    :raises SettingInvalid: fewer days than one
    """
    if days is not None and days < 1:
        raise SettingInvalid(f"{days} days")
    pairs = interactions.pairs
    is_late = np.ones(len(pairs.user), dtype=bool) if days is None else pairs.last > interactions.last_day - days
    shape = interactions.shape
    ones = np.ones(int(is_late.sum()), dtype=np.float32)
    refused = sparse.csr_matrix((ones, (pairs.user[is_late], pairs.item[is_late])), shape=shape)
    return NotFor(refused=refused, reason="bought already")


@dataclass(frozen=True, kw_only=True)
class Suitable:
    """Suitability before propensity: nothing riskier than the customer was found to bear.

    bears: of each customer, and of an unknown one last; risk: of each product. Classes are places in an order.
    """

    bears: Integers
    risk: Integers
    reason: ClassVar[str] = "riskier than suitable"

    def allows(self, users: Integers) -> Flags:
        found: Flags = self.risk[None, :] <= self.bears[users][:, None]
        return found


def only_suitable(
    interactions: Interactions,
    *,
    classes: Sequence[Any],
    customers: Mapping[Any, Any],
    products: Mapping[Any, Any],
) -> Suitable:
    """Financial products by the risk that a customer was assessed to bear.

    classes: from the least to the greatest risk: R1 … R5. customers, products: of an id its class. A customer without
    an assessment (or with one that is not among the classes) is offered nothing; a product without a class (or with
    an unknown one) is offered to nobody.

    :raises SettingInvalid: no class, or one twice
    """
    if not classes or len(set(classes)) != len(classes):
        raise SettingInvalid(f"classes of risk: {classes}")
    place = {one: at for at, one in enumerate(classes)}
    nothing, nobody = -1, len(classes)
    bears = [place.get(customers.get(one), nothing) for one in interactions.users.to_pylist()]
    risk = [place.get(products.get(one), nobody) for one in interactions.items.to_pylist()]
    return Suitable(bears=np.array([*bears, nothing], dtype=np.int64), risk=np.array(risk, dtype=np.int64))


def allowed_by(rules: Sequence[Rule], users: Integers) -> Flags | None:
    """What all of them allow; None where there are none."""
    allowed = None
    for rule in rules:
        own = rule.allows(users)
        allowed = own if allowed is None else allowed & own
    return allowed


def refusals(rules: Sequence[Rule], interactions: Interactions, *, customer: Any, product: Any) -> list[str]:
    """Why this customer is not offered this product; empty: nothing is in the way.

    :raises KeyError: nobody knows the product
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    item = pc.index(interactions.items, pa.scalar(product, interactions.items.type)).as_py()
    if item < 0:
        raise KeyError(product)
    user = interactions.places([customer])
    return [rule.reason for rule in rules if not rule.allows(user)[0, item]]
