"""How each kind of field looks."""

from collections.abc import Mapping
from dataclasses import dataclass

from zhike.metadata.models import Kind


@dataclass(frozen=True, kw_only=True)
class Face:
    icon: str


_FACES: Mapping[Kind, Face] = {
    Kind.TEXT: Face(icon="letter-t"),
    Kind.LONG_TEXT: Face(icon="align-left"),
    Kind.NUMBER: Face(icon="hash"),
    Kind.MONEY: Face(icon="coin-yuan"),
    Kind.DATE: Face(icon="calendar"),
    Kind.TIME: Face(icon="clock"),
    Kind.MOMENT: Face(icon="calendar-time"),
    Kind.CHOICE: Face(icon="circle-dot"),
    Kind.CHOICES: Face(icon="list-check"),
    Kind.BOOLEAN: Face(icon="toggle-left"),
    Kind.PHONE: Face(icon="phone"),
    Kind.EMAIL: Face(icon="mail"),
    Kind.URL: Face(icon="link"),
    Kind.USER: Face(icon="user"),
    Kind.TEAM: Face(icon="users"),
    Kind.RECORD: Face(icon="arrow-right"),
    Kind.ADDRESS: Face(icon="map-pin"),
    Kind.LOCATION: Face(icon="current-location"),
    Kind.FORMULA: Face(icon="math-function"),
    Kind.ROLLUP: Face(icon="sum"),
    Kind.FILE: Face(icon="paperclip"),
    Kind.IMAGE: Face(icon="photo"),
}
ICONS: Mapping[Kind, str] = {kind: face.icon for kind, face in _FACES.items()}
