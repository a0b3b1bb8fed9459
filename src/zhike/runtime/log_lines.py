"""How a log entry is written: one that starts a line is ours, and no secret stands in any."""

import json
import logging
import re
import time

FORMAT = "%(asctime)s %(levelname)s %(name)s [%(who)s] %(message)s"
HIDDEN = "[…]"
# What would otherwise end a line, move the cursor of a terminal, or turn the direction of the text around.
CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]")
SECRETS = (
    (re.compile(r"zk_[\w-]{8,}"), HIDDEN),
    (re.compile(r"(?i)\b(bearer|basic)\s+[\w.~+/=-]{8,}"), rf"\1 {HIDDEN}"),
    (re.compile(r"(?i)\b([a-z][a-z0-9+.-]*://[^\s:/@]*):[^\s/@]+@"), rf"\1:{HIDDEN}@"),
    (
        re.compile(
            r"""(?ix) \b ( [\w-]* (?: password | passwd | pwd | secret | csrfmiddlewaretoken | id_token | access_token
            | refresh_token | code_verifier | sessionid | zhike_session | zhike_csrf | zhike_device | api_?key )
            ["']? \s* [=:] \s* (?: ["'] )? ) [^\s"',;&})]{3,}"""
        ),
        rf"\1{HIDDEN}",
    ),
    # ID numbers, as `core.masking` knows them.
    (
        re.compile(r"(?<![0-9A-Za-z])[1-9][0-9]{5}(?:18|19|20)[0-9]{2}[01][0-9][0-3][0-9]{4}[0-9Xx](?![0-9A-Za-z])"),
        HIDDEN,
    ),
    # What PostgreSQL quotes of rows that it refuses.
    (re.compile(r"(Key \([^)]*\)=|Failing row contains )\(.*\)"), rf"\1({HIDDEN})"),
    (re.compile(r"(invalid input syntax for type [^:]*: ).*"), rf"\1{HIDDEN}"),
)


class LogLine(logging.Formatter):
    """In UTC. Further lines of an entry, such as those of a traceback, are set in, so that none can feign an entry."""

    converter = staticmethod(time.gmtime)
    default_time_format = "%Y-%m-%dT%H:%M:%S"
    default_msec_format = "%s.%03dZ"

    def __init__(self) -> None:
        super().__init__(FORMAT, defaults={"who": "-"})

    def format(self, record: logging.LogRecord) -> str:
        return clean(super().format(record))


class LogJson(LogLine):
    """The same as one JSON object a line, for systems that collect logs: each text cleaned by itself."""

    def format(self, record: logging.LogRecord) -> str:
        told = {
            "time": self.formatTime(record),
            "level": record.levelname,
            "logger": record.name,
            **getattr(record, "actor", {}),
            "message": record.getMessage(),
        }
        if record.exc_info:
            told["error"] = self.formatException(record.exc_info)
        if record.stack_info:
            told["stack"] = record.stack_info
        shown = {name: clean(value, "\n") if isinstance(value, str) else value for name, value in told.items()}
        return json.dumps(shown, ensure_ascii=False)


FORMATS = {"line": LogLine, "json": LogJson}


def clean(text: str, end: str = "\n    ") -> str:
    """The text as it may stand in a log. end: of a line within an entry."""
    text = CONTROL.sub(lambda found: found[0].encode("unicode_escape").decode(), text)
    for secret, instead in SECRETS:
        text = secret.sub(instead, text)
    return text.replace("\n", end)
