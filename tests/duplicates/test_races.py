"""Two users who merge the same pair at once."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import close_old_connections, connection
from tests.duplicates.conftest import LATER, NOON

from zhike.core.acting import acting
from zhike.core.actor import SYSTEM
from zhike.core.errors import DomainError
from zhike.customers.models import Customer
from zhike.customers.services import people
from zhike.duplicates.models import Merge
from zhike.duplicates.services import merging


@pytest.mark.django_db(transaction=True)
def test_of_two_who_merge_the_same_pair_one_is_told_that_it_is_done(transactional_db: Any) -> None:
    first, second = (people.create_customer(actor=SYSTEM, at=NOON, name=name) for name in ("甲", "乙"))

    def merge(pair: tuple[int, int]) -> str:
        survivor, other = pair
        try:
            with acting(SYSTEM, origin="test"):
                merging.merge_customers(actor=SYSTEM, survivor_id=survivor, record_ids=[other], at=LATER)
        except DomainError as refusal:
            return refusal.code
        else:
            return "merged"
        finally:
            connection.close()
            close_old_connections()

    pairs = [(first.pk, second.pk), (second.pk, first.pk)] * 2
    with ThreadPoolExecutor(4) as threads:
        said = sorted(threads.map(merge, pairs))
    assert said == ["merged", *["merged_already"] * 3]
    assert (Customer.objects.count(), Merge.objects.count()) == (1, 1)
