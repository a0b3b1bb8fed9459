"""The API does what its description says, and its description only changes on purpose."""

import difflib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from django.conf import settings as django_settings
from hypothesis import HealthCheck, Phase, settings
from schemathesis import checks
from schemathesis.config import GenerationConfig, SchemathesisConfig

from tests.api.conftest import Hire, Program
from zhike.config.api import api
from zhike.config.wsgi import application
from zhike.core.actor import Scope

SNAPSHOT = Path(__file__).parents[2] / "docs" / "openapi.json"


def described() -> str:
    return json.dumps(api.get_openapi_schema(), ensure_ascii=False, indent=2) + "\n"


def test_the_description_is_the_one_checked_in() -> None:
    """After a change on purpose: `zhike-openapi` is not needed, this test writes the new one beside the old."""
    now, before = described(), SNAPSHOT.read_text(encoding="utf-8") if SNAPSHOT.exists() else ""
    if now != before:
        SNAPSHOT.write_text(now, encoding="utf-8")
    changes = difflib.unified_diff(before.splitlines(), now.splitlines(), "checked in", "now", lineterm="", n=2)
    assert now == before, "the API has changed; docs/openapi.json is rewritten, review it:\n" + "\n".join(changes)
