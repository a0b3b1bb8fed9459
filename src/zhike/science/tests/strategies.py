"""Companies as hypothesis imagines them: few customers, many ties, refunds and anonymous orders."""

from datetime import date, timedelta
from decimal import Decimal

from hypothesis import strategies as st

from zhike.science.tests.tables import Order

FIRST_DAY = date(2024, 1, 20)
AS_OF = date(2024, 6, 30)

days = st.integers(0, 170).map(lambda n: FIRST_DAY + timedelta(days=n))
amounts = st.integers(-300, 900).map(lambda n: Decimal(n) / 8)
orders: st.SearchStrategy[list[Order]] = st.lists(
    st.tuples(st.one_of(st.none(), st.integers(1, 12)), days, amounts), max_size=40
)
