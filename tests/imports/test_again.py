"""Importing anew what an undo has taken away."""

import psycopg
import pytest
from django.conf import settings
from django.db import connection

pytestmark = pytest.mark.django_db


def test_the_application_may_renew_statistics_of_its_tables_but_not_of_the_catalogue() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT zhike_analyze('customers_customer'::regclass)")
        with pytest.raises(Exception, match="not a table of the product") as refusal:
            cursor.execute("SELECT zhike_analyze('pg_catalog.pg_class'::regclass)")
    assert isinstance(refusal.value.__cause__, psycopg.errors.InsufficientPrivilege)
    assert settings.DATABASES["default"]["USER"] != settings.DATABASES["owner"]["USER"]
