"""How much each role sees of each field."""

from collections.abc import Mapping

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from zhike.accounts.models import FieldAccess, Role
from zhike.accounts.permissions import MANAGE
from zhike.core import fields
from zhike.core.access import require
from zhike.core.actor import Actor, Sight
from zhike.core.errors import DomainError


class LevelUnfit(DomainError):
    """There is no such field, or it cannot be given at this level."""

    code = "level_unfit"
    status = 422

    def __init__(self) -> None:
        super().__init__(_("This field cannot be set to this level."))


@transaction.atomic
def put_field_access(*, actor: Actor, role: Role, levels: Mapping[str, Sight]) -> None:
    """Give the role these levels, by field; the levels of other fields stay.

    :raises LevelUnfit: an unknown field, or a level that it does not have
    """
    require(actor, MANAGE)
    known = {field.key: field for field in fields.list_fields()}
    for key, level in levels.items():
        if key not in known or level not in known[key].levels:
            raise LevelUnfit
    # Only rows that change are written, so that the history says what was changed and nothing else.
    held = dict(FieldAccess.objects.filter(role=role).select_for_update().values_list("field", "level"))
    changed = {
        key: level
        for key, level in levels.items()
        if held.get(key) != level and (key in held or level is not known[key].default)
    }
    FieldAccess.objects.bulk_create(
        [FieldAccess(role=role, field=key, level=level) for key, level in changed.items()],
        update_conflicts=True,
        unique_fields=["role", "field"],
        update_fields=["level"],
    )
