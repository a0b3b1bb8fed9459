"""Tests of the history begin with an empty one; they commit, since the sealer reads as somebody else."""

from pathlib import Path

import pytest
from django.conf import settings
from django.db import connections

TABLES = "audit_entry, audit_payload, audit_unsealed, audit_leaf, audit_head"


@pytest.fixture
def history(transactional_db: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty history, and a home with a key of its own."""
    home = type(settings.HOME)(path=tmp_path / "home")
    home.create()
    monkeypatch.setattr(settings, "HOME", home)
    with connections["owner"].cursor() as owner:
        owner.execute(f"TRUNCATE {TABLES}")
