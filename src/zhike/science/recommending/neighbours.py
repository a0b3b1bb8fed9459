"""Who bought this also bought: linear models that weigh a customer's purchases by how products go together.

Sources: Sarwar, Karypis, Konstan and Riedl, Item-based collaborative filtering (2001); Deshpande and Karypis (2004);
Steck, Embarrassingly shallow autoencoders for sparse data (2019).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from scipy import linalg, sparse

from zhike.science.recommending.interactions import Integers, Interactions, Scores
from zhike.science.recommending.models import UNKNOWN, SettingInvalid, rows_of

type Similarity = Literal["cosine", "jaccard", "lift"]

_MOST_ITEMS = 20_000  # of a dense matrix of products by products: 3.2 GB in the making
_CELLS = 1 << 22  # similarities held at once


class TooManyProducts(ValueError):
    """A matrix of all products by all products would not fit; ask for the products that sell."""


@dataclass(frozen=True, kw_only=True)
class Linear:
    """A score is the sum of a weight for each product bought. held: customers by products; weights: products bought by
    products to offer, dense or sparse."""

    name: str
    held: sparse.csr_matrix
    weights: Any
    floor: float = 0.0

    def score(self, users: Integers) -> Scores:
        scores = rows_of(self.held, users) @ self.weights
        found: Scores = scores.toarray() if sparse.issparse(scores) else np.asarray(scores)
        return found

    def because(self, user: int, item: int, *, most: int = 3) -> Integers:
        if user == UNKNOWN:
            return np.zeros(0, dtype=np.int64)
        start, end = self.held.indptr[user : user + 2]
        bought = self.held.indices[start:end].astype(np.int64)
        column = self.weights[bought][:, [item]]
        shares = (column.toarray() if sparse.issparse(column) else np.asarray(column))[:, 0] * self.held.data[start:end]
        strongest = np.argsort(-shares, kind="stable")[:most]
        found: Integers = bought[strongest[shares[strongest] > 0]]
        return found


def fit_item_item(
    interactions: Interactions, *, similarity: Similarity = "cosine", shrinkage: float = 10.0, neighbours: int = 200
) -> Linear:
    """Products that the same customers buy.

    similarity: of the customers of both (n₁₂) and of either: cosine n₁₂ / √(n₁ n₂), Jaccard n₁₂ / (n₁ + n₂ - n₁₂), or
    lift n₁₂ n / (n₁ n₂). shrinkage: customers that are added below (for lift to both), so that products of few
    customers do not look alike by chance. neighbours: of each product the most alike that count; a product is none of
    its own.

    :raises SettingInvalid: a negative shrinkage, or no neighbour
    """
    if shrinkage < 0 or neighbours < 1:
        raise SettingInvalid(f"a shrinkage of {shrinkage}, {neighbours} neighbours")
    interactions.check_any()
    held = interactions.held
    counts = np.asarray(held.sum(axis=0), dtype=np.float64).ravel()
    transposed = held.T.tocsr()
    step = _step(held.shape[1])
    parts = []
    for start in range(0, held.shape[1], step):
        both = (transposed[start : start + step] @ held).toarray().astype(np.float64)
        own = counts[start : start + step, None]
        if similarity == "cosine":
            below = np.sqrt(own * counts) + shrinkage
        elif similarity == "jaccard":
            below = own + counts - both + shrinkage
        else:
            below = (own + shrinkage) * (counts + shrinkage) / len(interactions.users)
        parts.append(_nearest(both / np.where(both > 0, below, 1), start, neighbours))
    # Rows are products to offer, columns those bought.
    weights = sparse.vstack(parts).T.tocsr()
    return Linear(name=f"item-item {similarity}", held=held, weights=weights)


def fit_ease(interactions: Interactions, *, penalty: float = 300.0) -> Linear:
    """The weights that tell best from all other purchases whether one was made (EASE): one regression for all products.

    penalty: of the squared weights; the more, the fewer customers there are.

    :raises SettingInvalid: a penalty that is none
    :raises TooManyProducts: more products than a dense matrix holds
    """
    if not penalty > 0:
        raise SettingInvalid(f"a penalty of {penalty}")
    interactions.check_any()
    size = len(interactions.items)
    if size > _MOST_ITEMS:
        raise TooManyProducts(f"{size} products, more than {_MOST_ITEMS}")
    gram = (interactions.held.T @ interactions.held).toarray().astype(np.float64)
    gram[np.diag_indices(size)] += penalty
    factor, _info = linalg.lapack.dpotrf(gram, lower=1, overwrite_a=1)
    inverse, _info = linalg.lapack.dpotri(factor, lower=1, overwrite_c=1)
    scale = -np.diag(inverse).copy()
    inverse = np.tril(inverse, -1)
    weights = ((inverse + inverse.T) / scale).astype(np.float32)
    return Linear(name="EASE", held=interactions.held, weights=weights, floor=-np.inf)


def fit_content(interactions: Interactions, attributes: Sequence[Sequence[Any]], *, neighbours: int = 200) -> Linear:
    """By what products are, not by who bought them: also for products that nobody has bought yet.

    attributes: of each of the interactions' products (in their order) what it is: category, brand, words of its name.
    Rare ones say more (inverse document frequency); products are as alike as the angle between theirs.

    :raises SettingInvalid: attributes of another number of products
    """
    if len(attributes) != len(interactions.items):
        raise SettingInvalid(f"attributes of {len(attributes)} products, of {len(interactions.items)}")
    codes: dict[Any, int] = {}
    row = [place for place, own in enumerate(attributes) for _one in set(own)]
    column = [codes.setdefault(one, len(codes)) for own in attributes for one in sorted(set(own), key=str)]
    shape = (len(attributes), max(1, len(codes)))
    told = sparse.csr_matrix((np.ones(len(row), dtype=np.float64), (row, column)), shape=shape)
    often = np.maximum(1, np.asarray(told.sum(axis=0)).ravel())
    told = told @ sparse.diags_array(np.log1p(len(attributes) / often))
    length = np.sqrt(np.asarray(told.multiply(told).sum(axis=1)).ravel())
    told = sparse.csr_matrix(sparse.diags_array(1 / np.where(length > 0, length, 1)) @ told)
    step = _step(shape[0])
    parts = [
        _nearest((told[start : start + step] @ told.T).toarray(), start, neighbours)
        for start in range(0, shape[0], step)
    ]
    return Linear(name="content", held=interactions.held, weights=sparse.vstack(parts).T.tocsr())


def _step(width: int) -> int:
    return max(1, _CELLS // max(1, width))


def _nearest(alike: Any, start: int, most: int) -> sparse.csr_matrix:
    """Of each row the largest entries. start: the product of the first row; none is its own neighbour."""
    rows, width = alike.shape
    alike[np.arange(rows), start + np.arange(rows)] = 0
    if most < width:
        top = np.sort(np.argpartition(alike, width - most, axis=1)[:, width - most :], axis=1)
    else:
        top = np.broadcast_to(np.arange(width), alike.shape)
    found = np.take_along_axis(alike, top, 1)
    row, column = np.nonzero(found)
    return sparse.csr_matrix((found[row, column].astype(np.float32), (row, top[row, column])), shape=alike.shape)
