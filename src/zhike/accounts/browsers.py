"""A browser's description of itself, as people would call it."""

import re

from django.utils.translation import gettext as _

# The first that fits counts: most browsers also claim to be several others.
BROWSERS = [
    (r"wxwork/", "企业微信 WeCom"),
    (r"MicroMessenger/", "微信 WeChat"),
    (r"DingTalk/", "钉钉 DingTalk"),
    (r"Lark/|Feishu/", "飞书 Feishu"),
    (r"Edg(e|A|iOS)?/", "Edge"),
    (r"OPR/|Opera", "Opera"),
    (r"Firefox/|FxiOS/", "Firefox"),
    (r"(Headless)?Chrome/|CriOS/", "Chrome"),
    (r"Version/.*Safari/", "Safari"),
]
SYSTEMS = [
    (r"HarmonyOS|OpenHarmony", "HarmonyOS"),
    (r"iPhone", "iPhone"),
    (r"iPad", "iPad"),
    (r"Android", "Android"),
    (r"Windows", "Windows"),
    (r"Mac OS X|Macintosh", "macOS"),
    (r"Linux|X11", "Linux"),
]


def describe_browser(user_agent: str) -> str:
    """For example "Chrome · Windows"; what a program calls itself where it is no browser we know."""
    known = [name for name in (_first(BROWSERS, user_agent), _first(SYSTEMS, user_agent)) if name]
    return " · ".join(known) or user_agent.split("/")[0][:40] or _("Unknown browser")


def _first(names: list[tuple[str, str]], user_agent: str) -> str:
    return next((name for pattern, name in names if re.search(pattern, user_agent)), "")
