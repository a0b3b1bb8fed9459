"""Who sees how much of which field: fields down, roles across."""

from dataclasses import dataclass

from django.http import HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy
from django.views.decorators.http import require_http_methods

from zhike.accounts import selectors, services
from zhike.accounts.models import Role
from zhike.accounts.permissions import MANAGE
from zhike.accounts.views.tabs import settings_tabs
from zhike.core import fields
from zhike.core.actor import Sight
from zhike.core.errors import DomainError
from zhike.core.fields import Care, RecordField
from zhike.core.gate import needs
from zhike.core.http import ActorRequest
from zhike.core.pages import go_to, render_page

LEVELS = {
    Sight.HIDDEN: pgettext_lazy("field access", "Hidden"),
    Sight.MASKED: pgettext_lazy("field access", "Masked"),
    Sight.READ: pgettext_lazy("field access", "Read"),
    Sight.WRITE: pgettext_lazy("field access", "Write"),
}
MEANINGS = {
    Sight.HIDDEN: gettext_lazy("Not shown anywhere, as if it did not exist."),
    Sight.MASKED: gettext_lazy("Shown as 138****1234. Seeing it in full takes a reason and is recorded."),
    Sight.READ: gettext_lazy("Shown in full; searching, filtering and ordering by it are possible."),
    Sight.WRITE: gettext_lazy("As reading, and it can be edited and imported."),
}
CARES = {
    Care.PLAIN: pgettext_lazy("class of a field", "Plain"),
    Care.PERSONAL: pgettext_lazy("class of a field", "Personal"),
    Care.SENSITIVE: pgettext_lazy("class of a field", "Sensitive"),
}


@dataclass(frozen=True, kw_only=True)
class Cell:
    """How much one role sees of one field. name: empty where the role does not see such records at all."""

    role: str
    name: str
    options: list[tuple[int, str, bool]]


@dataclass(frozen=True, kw_only=True)
class Line:
    """A field with a cell for each role. note: what else closes it."""

    label: str
    care: str
    note: str
    cells: list[Cell]


@needs(MANAGE)
@require_http_methods(["GET", "POST"])
def field_access(request: ActorRequest) -> HttpResponse:
    """The matrix; POST: save it, or give many fields of a role one level."""
    roles = selectors.list_roles(actor=request.actor)
    if request.method == "POST":
        try:
            for role in roles:
                services.put_field_access(actor=request.actor, role=role, levels=_wanted(request, role))
        except DomainError as refusal:
            return _page(request, roles, refusal=refusal)
        return go_to(request, "field_access", message=_("Saved."))
    return _page(request, roles)


def _wanted(request: ActorRequest, role: Role) -> dict[str, Sight]:
    """What the form says about the role: everything at once for a class of fields, else a level for each."""
    posted = request.POST
    if posted.get("act") == "bulk":
        if posted.get("bulk_role") != str(role.pk) or posted.get("bulk_level") not in _numbers():
            return {}
        level, care = Sight(int(posted["bulk_level"])), posted.get("bulk_care", "")
        return {field.key: _nearest(field, level) for field in fields.list_fields() if care in ("", field.care.value)}
    said = {field.key: posted.get(f"level-{role.pk}-{field.key}", "") for field in fields.list_fields()}
    return {key: Sight(int(level)) for key, level in said.items() if level in _numbers()}


def _numbers() -> set[str]:
    return {str(level.value) for level in Sight}


def _nearest(field: RecordField, level: Sight) -> Sight:
    """The level, or the next lower one that the field has; its lowest where none is as low."""
    fitting = [one for one in field.levels if one <= level]
    return max(fitting) if fitting else min(field.levels)


def _page(request: ActorRequest, roles: list[Role], *, refusal: DomainError | None = None) -> HttpResponse:
    levels = selectors.list_field_levels(actor=request.actor)
    asked = [permission for kind in fields.list_kinds() for permission in kind.permissions]
    sees = selectors.list_roles_with(actor=request.actor, permissions=asked)
    groups = []
    for kind in fields.list_kinds():
        lines = [
            Line(
                label=str(field.label),
                care=str(CARES[field.care]),
                note=_told(field),
                cells=[
                    _cell(role, field, levels, any(role.pk in sees[one] for one in kind.permissions)) for role in roles
                ],
            )
            for field in fields.list_fields(kind.key)
        ]
        groups.append((str(kind.label), lines))
    context = {
        "tabs": settings_tabs("field_access"),
        "groups": groups,
        "roles": roles,
        "levels": [(level.value, label) for level, label in LEVELS.items()],
        "meanings": [(LEVELS[level], meaning) for level, meaning in MEANINGS.items()],
        "cares": [(care.value, label) for care, label in CARES.items()],
        "refusal": refusal,
    }
    return render_page(request, "accounts/field_access.html", context, status=422 if refusal else 200)


def _told(field: RecordField) -> str:
    others = " / ".join(f"{fields.kind_of(one).label} · {one.label}" for one in map(fields.get, field.tells))
    return _("Closed as well where this is: %(fields)s") % {"fields": others} if others else ""


def _cell(role: Role, field: RecordField, levels: dict[tuple[int, str], int], is_open: bool) -> Cell:
    held = levels.get((role.pk, field.key), field.default)
    return Cell(
        role=role.name,
        name=f"level-{role.pk}-{field.key}" if is_open else "",
        options=[(level.value, str(LEVELS[level]), level == held) for level in field.levels],
    )
