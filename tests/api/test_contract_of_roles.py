"""The API as people of little reach ask it: no crash, and nothing of what lies outside their scope."""

from collections import Counter
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from pytest_django.plugin import DjangoDbBlocker
from schemathesis import Case
from schemathesis.checks import not_a_server_error
from tests.api import test_contract as contract
from tests.api.conftest import Program, hire

from zhike.core.actor import Scope

furnished, program_and_ids = contract.furnished, contract.program_and_ids
EVERYBODY = ("own", "team", "key only", "no key")
PAIRS = (("own", "key only"), ("team", "no key"))  # somebody who may act, and somebody who may not
BETRAYING = ("张三", "13800138000", "老客", "来过", "李四", "13900139000")


@pytest.fixture(scope="module")
def keys(furnished: tuple[Program, dict[str, int]], django_db_blocker: DjangoDbBlocker) -> dict[str, str]:
    """Of somebody who owns nothing, may nothing, or is nobody."""
    manage = ("accounts.manage_users",)
    with django_db_blocker.unblock():
        return {
            "own": hire("owner", scope=Scope.OWN, without=manage).key,
            "team": hire("teammate", scope=Scope.TEAM, without=manage).key,
            "key only": hire("guest", scope=Scope.NONE, keep=("accounts.use_api",)).key,
            "no key": "",
        }


@pytest.fixture(scope="module")
def sent() -> Counter[Any]:
    """How often an operation was sent what is well-formed, and what is malformed in which place."""
    return Counter()


def senders_of(case: Case, sent: Counter[Any]) -> tuple[str, ...]:
    """Who sends it. What an operation is sent first comes from all of them, what follows from one pair after the other.

    What is malformed is refused alike whoever sends it, and `test_contract` sends all of it: of each place where a
    request can be malformed, one is enough here, from each of them in turn.
    """
    if case.meta is None or case.meta.generation.mode.is_positive:
        before = sent[case.operation.label]
        sent[case.operation.label] += 1
        return PAIRS[before % 2] if before else EVERYBODY
    place = case.operation.label, getattr(case.meta.phase.data, "parameter_location", None)
    sent[place] += 1
    sent["malformed"] += sent[place] == 1
    return (EVERYBODY[sent["malformed"] % 4],) if sent[place] == 1 else ()


@contract.schema.parametrize()
@contract.named
@settings(
    max_examples=3,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
def test_no_operation_crashes_or_betrays_what_lies_outside(
    case: Case, language: str, keys: dict[str, str], sent: Counter[Any], program_and_ids: tuple[Program, dict[str, int]]
) -> None:
    _program, ids = program_and_ids
    for name, value in case.path_parameters.items():
        if isinstance(value, int) and value % 2:
            case.path_parameters[name] = ids[name]
    betraying = [word for word in BETRAYING if word not in repr(case.body) + repr(case.query)]
    for who in senders_of(case, sent):
        key = keys[who]
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        answer = case.call(headers={**headers, "Accept-Language": language})
        case.validate_response(answer, checks=[not_a_server_error])
        assert not [word for word in betraying if word in answer.text], who
        if not key and "/openapi.json" not in case.path:
            assert answer.status_code in {401, 404, 405}
