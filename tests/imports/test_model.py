"""Whole imports against a slow and obvious model: one row after the other, over plain objects."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from zhike.customers.models import Customer, CustomerSearch
from zhike.exchange.models import Import

HEADER = ("客户编号", "信用代码", "手机", "邮箱", "姓名", "城市")
UNIQUE = ("external", "uscc")
Mark = tuple[str, str, str]  # kind, source system, normal form
Row = tuple[str, str, str, str, str, str]


@dataclass
class Somebody:
    """A customer of the model. names: what they were called when the file began, or by a row of it."""

    name: str
    city: str = ""
    marks: set[Mark] = field(default_factory=set)
    names: set[str] = field(default_factory=set)


@dataclass
class Model:
    """What the database should hold."""

    customers: list[Somebody] = field(default_factory=list)

    def import_file(self, rows: list[Row], source: str) -> tuple[int, int]:
        """New customers and refused rows."""
        new = refused = 0
        for one in self.customers:
            one.names = {one.name}
        for row in rows:
            marks = marks_of(row, source)
            name, city = row[4], row[5]
            if not marks and not name:
                refused += 1
                continue
            found = self.find(marks, name, source)
            if found is None:
                refused += 1
                continue
            if found:
                somebody = found[0]
            else:
                somebody = Somebody(name or next(value for value in row if value))
                self.customers.append(somebody)
                new += 1
            somebody.marks |= marks
            somebody.name = name or somebody.name
            somebody.names |= {name} - {""}
            somebody.city = city or somebody.city
        return new, refused

    def find(self, marks: set[Mark], name: str, source: str) -> list[Somebody] | None:
        """The customer meant, nobody, or None where the row has to be refused."""
        by = {kind: {mark for mark in marks if mark[0] == kind} for kind in ("external", "uscc", "phone", "email")}
        external = [one for one in self.customers if by["external"] & one.marks]
        coded = [one for one in self.customers if by["uscc"] & one.marks]
        if external:
            return None if coded and coded[0] is not external[0] else external
        if coded:
            return None if self.is_somebody_else(coded[0], by, source) else coded
        if marks:
            wanted = by["phone"] | by["email"]
            fitting = [
                one for one in self.customers if wanted & one.marks and not self.is_somebody_else(one, by, source)
            ]
        else:
            fitting = [one for one in self.customers if name in one.names]
        return None if len(fitting) > 1 else fitting

    def is_somebody_else(self, one: Somebody, by: dict[str, set[Mark]], source: str) -> bool:
        theirs = {
            "external": {mark for mark in one.marks if mark[:2] == ("external", source)},
            "uscc": {mark for mark in one.marks if mark[0] == "uscc"},
        }
        return any(by[kind] and theirs[kind] and not by[kind] & theirs[kind] for kind in UNIQUE)


def marks_of(row: Row, source: str) -> set[Mark]:
    external, uscc, phone, email = row[:4]
    return {
        mark
        for mark in (
            ("external", source, external),
            ("uscc", "", uscc),
            ("phone", "", phone and f"+86{phone}"),
            ("email", "", email),
        )
        if mark[2]
    }


ROWS = st.tuples(
    st.sampled_from(["", "1", "2", "3"]),
    st.sampled_from(["", "", "91110000600037341L", "91310000132277553J"]),
    st.sampled_from(["", "13800000001", "13800000002"]),
    st.sampled_from(["", "", "a@example.com"]),
    st.sampled_from(["", "张三", "李四"]),
    st.sampled_from(["", "上海", "北京"]),
).filter(any)  # a blank line is no row
FILES = st.lists(st.tuples(st.lists(ROWS, min_size=1, max_size=6), st.sampled_from(["till", "shop"])), max_size=3)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(files=FILES)
def test_imports_leave_what_the_model_leaves(bring: Callable[..., Import], files: list[tuple[list[Row], str]]) -> None:
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE customers_customer, exchange_import CASCADE")
    model = Model()
    for rows, source in files:
        new, refused = model.import_file(rows, source)
        job = bring([HEADER, *rows], source=source, kind="customers")
        assert (job.new_count, job.refused_count) == (new, refused)
        assert job.row_count == len(rows)
        assert in_database() == Counter((one.name, one.city, frozenset(one.marks)) for one in model.customers)
        assert CustomerSearch.objects.count() == len(model.customers)


def in_database() -> Counter[tuple[str, str, frozenset[Mark]]]:
    return Counter(
        (
            one.name,
            one.city,
            frozenset((mark.kind, mark.system, mark.value_normal) for mark in one.identifiers.all()),
        )
        for one in Customer.objects.prefetch_related("identifiers")
    )
