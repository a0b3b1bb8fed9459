"""Who is at work when an entry of the log is written."""

import json
import logging

from zhike.core.acting import who_acts

SHOWN = ("user", "origin", "request")


class WhoActs(logging.Filter):
    """Puts `who` on every record: user, where from and request, as the change history names them; "-" for nobody.

    `actor` holds the same as values.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        told = json.loads(who_acts().who or "{}")
        known = {name: told[name] for name in SHOWN if name in told}
        record.who = " ".join(f"{name}={value}" for name, value in known.items()) or "-"
        record.__dict__["actor"] = known
        return True
