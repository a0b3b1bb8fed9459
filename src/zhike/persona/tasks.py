"""Rules of tags in the background."""

from datetime import UTC, datetime

from procrastinate.contrib.django import app

from zhike.core.acting import acting
from zhike.core.actor import SYSTEM
from zhike.persona.services import tag_rules


@app.task(name=tag_rules.ASK, queue="persona", retry=3)
def ask_rule(*, rule_id: int) -> None:
    """Somebody waits for it."""
    with acting(SYSTEM, origin="task"):
        tag_rules.ask_rule(rule_id=rule_id, at=datetime.now(UTC))


@app.periodic(cron="*/15 * * * *")
@app.task(name="persona.ask_rules", queue="persona", queueing_lock="persona.ask_rules")
def ask_rules(timestamp: int) -> None:
    """Those that were not asked for hours: figures, and days that pass, change who fits."""
    with acting(SYSTEM, origin="task"):
        for rule_id in tag_rules.list_due(at=datetime.now(UTC)):
            tag_rules.ask_rule(rule_id=rule_id, at=datetime.now(UTC))
