"""Roles and what they grant."""

import secrets
from collections.abc import Mapping

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from zhike.accounts.events import RoleEdited
from zhike.accounts.models import Grant, Role
from zhike.accounts.services.standing import MANAGE, ensure_administrator, lock_standing
from zhike.core.access import list_permissions, require
from zhike.core.actor import Actor, Scope
from zhike.core.errors import DomainError
from zhike.core.events import publish

BUILT_IN = ("administrator", "analyst", "manager", "representative")


class GrantUnknown(DomainError):
    code = "grant_unknown"
    status = 422

    def __init__(self) -> None:
        super().__init__(_("There is no such permission."))


class RoleBuiltIn(DomainError):
    code = "role_built_in"

    def __init__(self) -> None:
        super().__init__(_("Built-in roles cannot be changed or deleted. Make a role of your own instead."))


class RoleHeld(DomainError):
    code = "role_held"

    def __init__(self) -> None:
        super().__init__(_("Somebody still holds this role. Give them another one first."))


@transaction.atomic
def put_role(*, actor: Actor, code: str, name: str, grants: Mapping[str, Scope]) -> Role:
    """Create the role or give it exactly these grants.

    :raises GrantUnknown: a permission that no app declared
    """
    require(actor, MANAGE)
    if grants.keys() - {permission.code for permission in list_permissions()}:
        raise GrantUnknown
    lock_standing()
    role, _created = Role.objects.update_or_create(code=code, defaults={"name": name})
    role.grants.all().delete()
    Grant.objects.bulk_create(
        Grant(role=role, permission=key, scope=scope) for key, scope in grants.items() if scope is not Scope.NONE
    )
    given = {key: scope.value for key, scope in grants.items() if scope is not Scope.NONE}
    publish(RoleEdited(role_id=role.pk, by_user_id=actor.user_id, grants=given))
    return role


@transaction.atomic
def create_role(*, actor: Actor, name: str, grants: Mapping[str, Scope]) -> Role:
    """Add a role of the company's own."""
    return put_role(actor=actor, code=f"own-{secrets.token_hex(6)}", name=name, grants=grants)


@transaction.atomic
def edit_role(*, actor: Actor, role: Role, name: str, grants: Mapping[str, Scope]) -> None:
    """Give a role of the company's own another name and exactly these grants.

    :raises RoleBuiltIn: Zhike keeps the grants of this role itself
    :raises LastAdministrator: nobody could manage users any more
    """
    require(actor, MANAGE)
    if role.code in BUILT_IN:
        raise RoleBuiltIn
    put_role(actor=actor, code=role.code, name=name, grants=grants)
    ensure_administrator()


@transaction.atomic
def delete_role(*, actor: Actor, role: Role) -> None:
    """Remove a role that nobody holds.

    :raises RoleBuiltIn: it comes with Zhike
    :raises RoleHeld: somebody holds it
    """
    require(actor, MANAGE)
    if role.code in BUILT_IN:
        raise RoleBuiltIn
    lock_standing()
    if role.holders.exists():
        raise RoleHeld
    publish(RoleEdited(role_id=role.pk, by_user_id=actor.user_id, grants=None))
    role.delete()


@transaction.atomic
def put_builtin_roles(*, actor: Actor) -> dict[str, Role]:
    """The roles every company starts with; grants are renewed, so that new permissions reach administrators."""
    everything = {permission.code: Scope.ALL for permission in list_permissions()}
    shared = {key: Scope.ALL for key in everything if not key.startswith(("accounts.manage", "audit."))}
    central = ("insight.refresh", "exchange.", "scores.")
    managed = {key: Scope.TEAM_AND_BELOW for key in shared if not key.startswith(central)}
    return {
        code: put_role(actor=actor, code=code, name=name, grants=grants)
        for code, name, grants in (
            ("administrator", "管理员 Administrator", everything),
            ("analyst", "分析师 Analyst", shared),
            ("manager", "主管 Manager", managed),
            (
                "representative",
                "销售 Representative",
                {key: Scope.OWN for key in managed if key != "insight.view_insight"},
            ),
        )
    }
