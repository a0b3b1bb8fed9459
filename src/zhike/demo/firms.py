"""Names of firms and their unified social credit codes, with the check characters of GB 32100 and GB 11714."""

import numpy as np
import polars as pl

from zhike.demo import names
from zhike.demo.places import CITIES
from zhike.demo.plan import Ints

ALPHABET = np.asarray(list("0123456789ABCDEFGHJKLMNPQRTUWXY"))
DIGITS_AND_LETTERS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
CODE_WEIGHTS = np.asarray([1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28])
BODY_WEIGHTS = np.asarray([3, 7, 9, 10, 5, 8, 4, 2])
_BODY_VALUE = np.asarray([DIGITS_AND_LETTERS.index(letter) for letter in ALPHABET])
_BODY_CHECK = np.asarray([ALPHABET.tolist().index(letter) for letter in "0123456789X"])


def firm_names(city: Ints, random: np.random.Generator) -> pl.Series:
    """City, brand, trade and legal form, as on a business licence."""
    size = len(city)
    shares = np.asarray([share for _name, share in names.TRADES], dtype=np.float64)
    forms = np.asarray(names.FORM_WEIGHTS, dtype=np.float64)
    brand = pl.Series(names.BRANDS).gather(pl.Series(random.integers(0, len(names.BRANDS), size)))
    prefix = pl.Series(names.BRANDS).str.slice(0, 1).gather(pl.Series(random.integers(0, len(names.BRANDS), size)))
    brand = (prefix + brand).zip_with(pl.Series(random.random(size) < 0.4), brand)
    trade = pl.Series([name for name, _share in names.TRADES]).gather(
        pl.Series(random.choice(len(shares), size, p=shares / shares.sum()))
    )
    form = pl.Series(names.FORMS).gather(pl.Series(random.choice(len(forms), size, p=forms / forms.sum())))
    home = pl.Series([place.name.removesuffix("市") for place in CITIES]).gather(pl.Series(city))
    return home + brand + trade + form


def credit_codes(city: Ints, number: Ints) -> pl.Series:
    """A valid code for each number, all different."""
    size = len(number)
    values = np.empty((size, 18), dtype=np.int64)
    values[:, 0], values[:, 1] = 9, 1
    regions = np.asarray([[int(digit) for digit in place.code] for place in CITIES])
    values[:, 2:8] = regions[city]
    values[:, 8:10] = np.flatnonzero((ALPHABET == "M") | (ALPHABET == "A"))[::-1]
    rest = number * 31 + 7
    for place in range(15, 9, -1):
        values[:, place] = rest % 31
        rest //= 31
    body = 11 - _BODY_VALUE[values[:, 8:16]] @ BODY_WEIGHTS % 11
    values[:, 16] = _BODY_CHECK[np.where(body == 11, 0, body)]
    values[:, 17] = (31 - values[:, :17] @ CODE_WEIGHTS % 31) % 31
    letters = ALPHABET[values]
    return pl.Series(["".join(row) for row in letters.tolist()])
