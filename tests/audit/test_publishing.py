"""Heads reach the places outside, are tried again where they did not, and serve to compare with."""

import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from django.db import connections
from django.test import Client, override_settings

from zhike.accounts import services
from zhike.audit import publishing, sealing, tasks, verifying
from zhike.audit.models import Publication
from zhike.audit.selectors import seals
from zhike.core.actor import SYSTEM
from zhike.core.tests.elsewhere import alone_elsewhere
from zhike.core.tests.mail_server import mail_server_beside
from zhike.customers.models import Customer

pytestmark = [pytest.mark.django_db(databases=["default", "owner"]), pytest.mark.usefixtures("history")]

AT = datetime(2026, 11, 22, 4, tzinfo=UTC)


def change(name: str) -> None:
    Customer.objects.create(name=name, name_normal=name, name_pinyin=name, created_at=AT, updated_at=AT)
    sealing.seal_all(at=AT)


class Archive(HTTPServer):
    """A system elsewhere that keeps heads. status: what it answers."""

    def __init__(self) -> None:
        self.got: list[tuple[str, dict[str, Any]]] = []
        self.status = 204
        super().__init__(("127.0.0.1", 0), Keeping)


class Keeping(BaseHTTPRequestHandler):
    server: Archive

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.got.append((self.headers.get("Authorization", ""), json.loads(body)))
        self.send_response(self.server.status)
        self.send_header("Location", "http://127.0.0.1:9/")
        self.end_headers()

    def log_message(self, *arguments: Any) -> None:
        """Nothing: pytest would show it."""


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Archive]:
    token = tmp_path / "token"
    token.write_text("t0ken\n")
    with Archive() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        with override_settings(
            AUDIT_URL=f"http://127.0.0.1:{server.server_port}/heads",
            AUDIT_URL_TOKEN_FILE=str(token),
            OUTGOING_NETWORKS=["127.0.0.1/32"],
        ):
            yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def no_publications(history: None) -> None:
    with connections["owner"].cursor() as owner:
        owner.execute("TRUNCATE audit_publication")


def cut_tail(after: int) -> None:
    with connections["owner"].cursor() as owner:
        for statement in (
            "DELETE FROM audit_payload WHERE entry_id IN (SELECT entry_id FROM audit_leaf WHERE position >= %s)",
            "DELETE FROM audit_entry WHERE id IN (SELECT entry_id FROM audit_leaf WHERE position >= %s)",
            "DELETE FROM audit_leaf WHERE position >= %s",
            "DELETE FROM audit_head WHERE size > %s",
        ):
            owner.execute(statement, [after])


@pytest.mark.usefixtures("no_publications")
def test_an_address_gets_each_newest_head_and_what_it_kept_shows_a_cut_tail(archive: Archive, tmp_path: Path) -> None:
    assert publishing.publish_newest(at=AT) == []
    change("一")
    change("二")
    assert [one.problem for one in publishing.publish_newest(at=AT)] == [""]
    assert publishing.publish_newest(at=AT) == []
    change("三")
    publishing.publish_newest(at=AT)
    assert [authorization for authorization, _head in archive.got] == ["Bearer t0ken"] * 2
    kept = tmp_path / "kept.json"
    kept.write_text(json.dumps([head for _authorization, head in archive.got], indent=2))
    assert verifying.verify(against=kept).is_sound
    cut_tail(2)
    assert verifying.verify().is_sound
    assert [problem.kind for problem in verifying.verify(against=kept).problems] == ["published"]


@pytest.mark.usefixtures("no_publications")
def test_what_is_not_taken_is_tried_again_later_each_time_and_sealing_goes_on(archive: Archive) -> None:
    change("一")
    archive.status = 503
    waits = []
    at = AT
    for _attempt in range(3):
        (attempt,) = publishing.publish_newest(at=at)
        assert attempt.problem == "HTTP 503"
        assert publishing.publish_newest(at=at) == []
        due = Publication.objects.get().due_at
        assert due is not None
        waits.append(due - at)
        at = due
        change("再来")
    assert waits == [timedelta(minutes=1), timedelta(minutes=2), timedelta(minutes=4)]
    (row,) = seals.list_publications()
    assert (row.kind, row.failure_count, row.problem, row.is_behind) == ("url", 3, "HTTP 503", True)
    # Redirects could lead a head, and our token, anywhere.
    archive.status = 302
    assert [one.problem for one in publishing.publish_newest(at=at, is_forced=True)] == ["HTTP 302"]
    archive.status = 200
    assert [one.problem for one in publishing.publish_newest(at=at, is_forced=True)] == [""]
    (row,) = seals.list_publications()
    assert (row.failure_count, row.problem, row.is_behind) == (0, "", False)
    with override_settings(OUTGOING_NETWORKS=[]):
        (refused,) = publishing.publish_newest(at=at, is_forced=True)
    assert "not a public address" in refused.problem


@pytest.mark.usefixtures("no_publications")
def test_a_mail_keeps_a_head_and_is_sent_once_a_day(tmp_path: Path, client: Client) -> None:
    with mail_server_beside(tmp_path) as post, post.settings(), override_settings(AUDIT_MAIL_TO=["audit@example.cn"]):
        change("一")
        assert [one.problem for one in publishing.publish_newest(at=AT)] == [""]
        change("二")
        assert publishing.publish_newest(at=AT + timedelta(hours=23)) == []
        publishing.publish_newest(at=AT + timedelta(hours=24))
        saved = tmp_path / "saved.eml"
        saved.write_bytes(post.raw[-1])
        assert [mail["Subject"] for mail in post.mails] == [
            "知客操作历史树头 1 / Zhike history head 1",
            "知客操作历史树头 2 / Zhike history head 2",
        ]
        roles = services.put_builtin_roles(actor=SYSTEM)
        boss = services.create_user(
            actor=SYSTEM, username="boss", name="老板", password="a-Long-enough-1", roles=[roles["administrator"]]
        )
        client.force_login(boss)
        page = client.get("/audit/seals/").content.decode()
    assert "audit@example.cn" in page
    assert client.get("/audit/seals/newest.json").json()["statement"].startswith("zhike audit head 1")
    assert client.get("/audit/seals/check_proof.py").content.startswith(b"#!/usr/bin/env python3")
    assert verifying.verify(against=saved).is_sound
    cut_tail(1)
    assert [problem.kind for problem in verifying.verify(against=saved).problems] == ["published"]


def test_who_publishes_is_alone_and_does_not_stay_so_when_killed(archive: Archive) -> None:
    change("Ada")
    with alone_elsewhere("audit.publish"):
        tasks.publish(timestamp=0)
        assert archive.got == []
    tasks.publish(timestamp=0)
    assert len(archive.got) == 1
