"""The API as people of little reach ask it: no crash, and nothing of what lies outside their scope."""

from itertools import cycle

import pytest
from hypothesis import HealthCheck, Phase, settings
from pytest_django.plugin import DjangoDbBlocker
from schemathesis import Case
from schemathesis.checks import not_a_server_error
from tests.api import test_contract as contract
from tests.api.conftest import Program, hire

from zhike.core.actor import Scope

furnished, program_and_ids = contract.furnished, contract.program_and_ids
TURNS = cycle(("own", "team", "key only", "no key"))
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


@contract.schema.parametrize()
@contract.named
@settings(
    max_examples=4,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
def test_no_operation_crashes_or_betrays_what_lies_outside(
    case: Case, language: str, keys: dict[str, str], program_and_ids: tuple[Program, dict[str, int]]
) -> None:
    _program, ids = program_and_ids
    for name, value in case.path_parameters.items():
        if isinstance(value, int) and value % 2:
            case.path_parameters[name] = ids[name]
    # What is malformed is refused alike whoever sends it: one of them is enough, each in turn.
    is_good = case.meta is None or case.meta.generation.mode.is_positive
    senders = keys if is_good else {next(TURNS)}
    betraying = [word for word in BETRAYING if word not in repr(case.body) + repr(case.query)]
    for who in senders:
        key = keys[who]
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        answer = case.call(headers={**headers, "Accept-Language": language})
        case.validate_response(answer, checks=[not_a_server_error])
        assert not [word for word in betraying if word in answer.text], who
        if not key and "/openapi.json" not in case.path:
            assert answer.status_code in {401, 404, 405}
