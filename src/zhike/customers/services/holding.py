"""Keeping a customer there while something is added to it."""

from django.db import connection

from zhike.customers.models import Customer


def hold_customer(*, customer_id: int) -> None:
    """Nobody deletes the customer until this transaction ends; edits by others go on.

    Without it, what is added in the instant of a deletion would be refused by the database when it commits.

    :raises Customer.DoesNotExist: it is gone
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM customers_customer WHERE id = %s FOR KEY SHARE", [customer_id])
        if cursor.fetchone() is None:
            raise Customer.DoesNotExist
