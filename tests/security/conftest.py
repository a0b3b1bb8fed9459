"""Attackers: their victims are the same company that the tests of the API know."""

from tests.api.conftest import boss, customer, fixture_of_hire

__all__ = ["boss", "customer", "fixture_of_hire"]
