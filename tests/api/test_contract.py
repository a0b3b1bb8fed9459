"""The API does what its description says, betrays nothing to people of little reach, and its description only changes
on purpose."""

import difflib
import io
import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from hypothesis import HealthCheck, Phase, settings
from pytest_django.plugin import DjangoDbBlocker
from schemathesis import Case
from schemathesis.checks import load_all_checks, not_a_server_error, positive_data_acceptance
from schemathesis.generation.feedback import FeedbackSources
from schemathesis.pytest._test_builder import build_operation_test
from schemathesis.python._constants.orchestrator import make_constants_value_source
from tests.api.conftest import NOON, Program, body_of, hire

from zhike.config.api import api
from zhike.config.wsgi import application
from zhike.core.actor import Scope
from zhike.core.api.schemas import Input, Output
from zhike.duplicates.models import Pair
from zhike.exchange import services as imports

SNAPSHOT = Path(__file__).parents[2] / "docs" / "openapi.json"
DESCRIBED = json.loads(SNAPSHOT.read_bytes())
OPERATIONS = [f"{method.upper()} {path}" for path, methods in DESCRIBED["paths"].items() for method in methods]
EVERYBODY = ("own", "team", "key only", "no key")
PAIRS = (("own", "key only"), ("team", "no key"))  # somebody who may act, and somebody who may not
GUESSED = 3  # of what is made up for an operation, so many by people of little reach
BETRAYING = ("张三", "13800138000", "老客", "来过", "李四", "13900139000")


def test_the_description_is_the_one_checked_in() -> None:
    """Rewrites the description that is checked in, so that a change on purpose only has to be reviewed."""
    now = json.dumps(api.get_openapi_schema(), ensure_ascii=False, indent=2) + "\n"
    before = SNAPSHOT.read_text(encoding="utf-8") if SNAPSHOT.exists() else ""
    if now != before:
        SNAPSHOT.write_text(now, encoding="utf-8")
        changes = difflib.unified_diff(before.splitlines(), now.splitlines(), "checked in", "now", lineterm="", n=2)
        pytest.fail("the API has changed; docs/openapi.json is rewritten, review it:\n" + "\n".join(changes))


def test_no_two_shapes_have_the_same_name() -> None:
    """The description knows shapes by their names alone, and the second would stand for both."""
    names = Counter(shape.__name__ for base in (Input, Output) for shape in _kinds_of(base))
    assert [name for name, times in names.items() if times > 1] == []


def _kinds_of(base: type) -> set[type]:
    return {base}.union(*map(_kinds_of, base.__subclasses__()))


@pytest.fixture(scope="module")
def furnished(standing: None, django_db_blocker: DjangoDbBlocker) -> tuple[Program, dict[str, int]]:
    """A key that may do everything, and a record of each kind that addresses can name."""
    with django_db_blocker.unblock():
        return _furnish()


def _furnish() -> tuple[Program, dict[str, int]]:
    program = hire("boss", scope=Scope.ALL)
    identifier = {"kind": "phone", "value": "13800138000"}
    customer = body_of(program.post("/customers", {"name": "张三", "identifiers": [identifier], "tags": ["老客"]}))
    activity = body_of(program.post(f"/customers/{customer['id']}/activities", {"kind": "note", "text": "来过"}))
    order = {"source": "s", "number": "1", "placed_at": NOON.isoformat(), "currency": "CNY"}
    order |= {"lines": [{"quantity": "1", "unit_price": "1", "product_code": "A"}], "customer_id": customer["id"]}
    order = body_of(program.post("/orders", order))
    file = io.BytesIO("姓名,手机\n李四,13900139000\n".encode())
    job = imports.start_import(actor=program.actor, file=file, name="a.csv", kind="customers", at=NOON)
    colleague = hire("colleague", scope=Scope.OWN).user
    program.send("PUT", f"/customers/{customer['id']}/collaborators/{colleague.pk}", {"may_edit": True})
    made = body_of(program.post(f"/users/{colleague.pk}/reassignments", {"to_user_ids": [program.user.pk]}))
    gone = body_of(program.post("/customers", {"name": "王五"}))
    program.send("DELETE", f"/customers/{gone['id']}")
    [binned] = body_of(program.get("/bin"))["items"]
    program.send("PATCH", f"/customers/{customer['id']}", {"city": "上海"})
    entry = body_of(program.get(f"/customers/{customer['id']}/history"))["items"][0]["id"]
    reversal = body_of(program.post(f"/changes/{entry}/revert", {}))
    asked = body_of(program.post("/privacy/requests", {"customer_id": customer["id"], "kind": "correct"}))
    double = body_of(program.post("/customers", {"name": "张叁"}))
    merge = body_of(program.post(f"/customers/{customer['id']}/merge", {"record_ids": [double["id"]]}))
    proposed = body_of(program.post(f"/privacy/requests/{asked['id']}/proposals", {"changes": {"city": "苏州"}}))
    other = body_of(program.post("/customers", {"name": "李四"}))
    related = {"other_id": other["id"], "aspect": "household"}
    relation = body_of(program.post(f"/customers/{customer['id']}/relations", related))
    low, high = sorted((customer["id"], double["id"]))
    pair = Pair.objects.create(first_id=low, second_id=high, probability=0.9, weights={"name": 7.5}, scan_id=1)
    people = {"user_id": colleague.pk, "reassignment_id": made["id"]}
    ids = {
        **people,
        "merge_id": merge["id"],
        "relation_id": relation["id"],
        "change_id": body_of(program.post("/bulk-changes", {"action": "delete", "customer_ids": [1]}))["id"],
        "export_id": body_of(program.post("/exports", {"list": "cols=name"}))["id"],
        "pair_id": pair.pk,
        "entry_id": entry,
        "activity_id": activity["id"],
        "reversal_id": reversal["id"],
        "request_id": asked["id"],
        "head_number": 1,
        "proposal_id": proposed["proposals"][0]["id"],
        "binned_id": binned["id"],
        "import_id": job.pk,
        "customer_id": customer["id"],
        "identifier_id": customer["identifiers"][0]["id"],
    }
    return program, {**ids, "order_id": order["id"], "product_id": order["lines"][0]["product_id"]}


@pytest.fixture
def program_and_ids(furnished: tuple[Program, dict[str, int]], db: None) -> Iterator[tuple[Program, dict[str, int]]]:
    """Lets requests that come in through WSGI share the test's transaction, as those of Django's own client do."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield furnished
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@dataclass
class Others:
    """Those who own nothing, may nothing, or are nobody, and what they were given to send already."""

    keys: dict[str, str]
    sent: Counter[Any] = field(default_factory=Counter)

    def of(self, case: Case) -> tuple[str, ...]:
        """Who sends it. What an operation is sent first comes from all of them, what follows from one pair after the
        other.

        What is malformed is refused alike whoever sends it, and the one who may do everything sends all of it: of each
        place where a request can be malformed, one is enough here, from each of them in turn.
        """
        label = case.operation.label
        if case.meta is None or case.meta.generation.mode.is_positive:
            is_guessed = case.meta is not None and case.meta.phase.name.name == "FUZZING"
            self.sent["guessed", label] += is_guessed
            if is_guessed and self.sent["guessed", label] > GUESSED:
                return ()
            before = self.sent[label]
            self.sent[label] += 1
            return PAIRS[before % 2] if before else EVERYBODY
        place = label, getattr(case.meta.phase.data, "parameter_location", None)
        self.sent[place] += 1
        self.sent["malformed"] += self.sent[place] == 1
        return (EVERYBODY[self.sent["malformed"] % 4],) if self.sent[place] == 1 else ()


@pytest.fixture(scope="module")
def others(furnished: tuple[Program, dict[str, int]], django_db_blocker: DjangoDbBlocker) -> Others:
    manage = ("accounts.manage_users",)
    with django_db_blocker.unblock():
        return Others(
            {
                "own": hire("owner", scope=Scope.OWN, without=manage).key,
                "team": hire("teammate", scope=Scope.TEAM, without=manage).key,
                "key only": hire("guest", scope=Scope.NONE, keep=("accounts.use_api",)).key,
                "no key": "",
            }
        )


@cache
def described() -> Any:
    """As Schemathesis reads it."""
    schema = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", application)
    schema.config.generation.update(with_security_parameters=False)
    # Which methods an address takes is one table of the framework's: one that it lacks and one that few have will do.
    schema.config.phases.coverage.unexpected_methods = {"trace", "delete"}
    load_all_checks()
    return schema


@cache
def feedback() -> FeedbackSources:
    """Values that the code itself names."""
    return FeedbackSources(constants_value_source=make_constants_value_source(described()))


def requests_to(operation: str) -> Any:
    """The test that sends an operation what is made up for it.

    Not by `schema.parametrize()`, which makes up all of it while tests are collected, in every process of a run.
    """
    found = next(one.ok() for one in described().get_all_operations() if one.ok().label == operation)
    return build_operation_test(
        config=described().config, operation=found, test_func=_answers, given_kwargs={}, feedback=feedback()
    )


@pytest.mark.parametrize("operation", OPERATIONS)
def test_every_operation_answers_as_described(
    operation: str, others: Others, program_and_ids: tuple[Program, dict[str, int]]
) -> None:
    """Whatever is sent, good or bad: no crash, a documented status and shape, and bad data refused; and whoever sends
    it, nothing of what lies outside their scope."""
    requests_to(operation)(others=others, program_and_ids=program_and_ids)


@settings(
    max_examples=8,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
def _answers(case: Case, others: Others, program_and_ids: tuple[Program, dict[str, int]]) -> None:
    program, ids = program_and_ids
    is_good = case.meta is not None and case.meta.generation.mode.is_positive
    for name, value in case.path_parameters.items():
        if is_good and isinstance(value, int) and value % 2:
            case.path_parameters[name] = ids[name]
    # They come first: the one who may do everything might delete what they would look for.
    for who in others.of(case):
        _betrays_nothing(case, others.keys[who])
    # Well-formed data may still be refused, for example because a customer does not exist.
    case.call_and_validate(
        headers={"Authorization": f"Bearer {program.key}", "Accept-Language": "en"},
        excluded_checks=[positive_data_acceptance],
    )


def _betrays_nothing(case: Case, key: str) -> None:
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    answer = case.call(headers={**headers, "Accept-Language": "en"})
    case.validate_response(answer, checks=[not_a_server_error])
    told = repr(case.body) + repr(case.query)
    assert not [word for word in BETRAYING if word not in told and word in answer.text]
    if not key and "/openapi.json" not in case.path:
        assert answer.status_code in {401, 404, 405}
