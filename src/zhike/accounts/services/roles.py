"""Roles and what they grant."""

import secrets
from collections.abc import Collection, Mapping
from types import MappingProxyType

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from zhike.accounts.events import RoleEdited
from zhike.accounts.models import FieldAccess, Grant, Role
from zhike.accounts.services.standing import MANAGE, ensure_administrator, lock_standing
from zhike.core import fields
from zhike.core.access import list_permissions, require
from zhike.core.actor import Actor, Scope, Sight
from zhike.core.errors import DomainError
from zhike.core.events import publish

NONE_CHOSEN: Mapping[str, Collection[int]] = MappingProxyType({})
BUILT_IN = ("administrator", "privacy_officer", "analyst", "manager", "representative")

# The company's figures; and orders, by which sellers are measured, are taken away by others.
NOT_FOR_SELLERS = ("insight.view_insight", "commerce.delete_order", "commerce.edit_order")


class GrantUnknown(DomainError):
    code = "grant_unknown"
    status = 422

    def __init__(self) -> None:
        super().__init__(_("There is no such permission."))


class TeamsNotChosen(DomainError):
    code = "teams_not_chosen"
    status = 422

    def __init__(self) -> None:
        super().__init__(_("Choose at least one team for each permission that reaches chosen teams."))


class RoleBuiltIn(DomainError):
    code = "role_built_in"

    def __init__(self) -> None:
        super().__init__(_("Built-in roles cannot be changed or deleted. Make a role of your own instead."))


class RoleHeld(DomainError):
    code = "role_held"

    def __init__(self) -> None:
        super().__init__(_("Somebody still holds this role. Give them another one first."))


@transaction.atomic
def put_role(
    *,
    actor: Actor,
    code: str,
    name: str,
    grants: Mapping[str, Scope],
    chosen: Mapping[str, Collection[int]] = NONE_CHOSEN,
) -> Role:
    """Create the role or give it exactly these grants. chosen: permission to ids of teams, for `Scope.CHOSEN`.

    :raises GrantUnknown: a permission that no app declared
    :raises TeamsNotChosen: a grant for chosen teams names none
    """
    require(actor, MANAGE)
    if grants.keys() - {permission.code for permission in list_permissions()}:
        raise GrantUnknown
    if any(scope is Scope.CHOSEN and not chosen.get(code) for code, scope in grants.items()):
        raise TeamsNotChosen
    lock_standing()
    role, _created = Role.objects.update_or_create(code=code, defaults={"name": name})
    role.grants.all().delete()
    made = Grant.objects.bulk_create(
        Grant(role=role, permission=key, scope=scope) for key, scope in grants.items() if scope is not Scope.NONE
    )
    for grant in made:
        if grant.scope == Scope.CHOSEN:
            grant.teams.set(chosen[grant.permission])
    given = {key: scope.value for key, scope in grants.items() if scope is not Scope.NONE}
    publish(RoleEdited(role_id=role.pk, by_user_id=actor.user_id, grants=given))
    return role


@transaction.atomic
def create_role(
    *, actor: Actor, name: str, grants: Mapping[str, Scope], chosen: Mapping[str, Collection[int]] = NONE_CHOSEN
) -> Role:
    """Add a role of the company's own; grants as for `put_role`."""
    return put_role(actor=actor, code=f"own-{secrets.token_hex(6)}", name=name, grants=grants, chosen=chosen)


@transaction.atomic
def edit_role(
    *,
    actor: Actor,
    role: Role,
    name: str,
    grants: Mapping[str, Scope],
    chosen: Mapping[str, Collection[int]] = NONE_CHOSEN,
) -> None:
    """Give a role of the company's own another name and exactly these grants.

    :raises RoleBuiltIn: Zhike keeps the grants of this role itself
    :raises LastAdministrator: nobody could manage users any more
    """
    require(actor, MANAGE)
    if role.code in BUILT_IN:
        raise RoleBuiltIn
    put_role(actor=actor, code=role.code, name=name, grants=grants, chosen=chosen)
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
    apart = ("accounts.manage", "audit.", "recovery.", "privacy.", "metadata.")
    shared = {key: Scope.ALL for key in everything if not key.startswith(apart)}
    central = (
        "insight.refresh",
        "exchange.",
        "scores.",
        "duplicates.scan",
        "quality.view",
        "quality.manage",
        "customers.manage",
    )
    managed = {key: Scope.TEAM_AND_BELOW for key in shared if not key.startswith(central)}
    watched = ("privacy.", "audit.view", "customers.view", "commerce.view", "exchange.view", "insight.view")
    made = {
        code: put_role(actor=actor, code=code, name=name, grants=grants)
        for code, name, grants in (
            ("administrator", "管理员 Administrator", everything),
            (
                "privacy_officer",
                "个人信息保护负责人 Privacy officer",
                {key: Scope.ALL for key in everything if key.startswith(watched)},
            ),
            ("analyst", "分析师 Analyst", shared),
            ("manager", "主管 Manager", managed),
            (
                "representative",
                "销售 Representative",
                {key: Scope.OWN for key in managed if key not in NOT_FOR_SELLERS},
            ),
        )
    }
    # Sensitive fields are masked for everybody else until somebody decides otherwise; what was decided stays. Persons
    # get copies of what is held about them from the privacy officer.
    FieldAccess.objects.bulk_create(
        [
            FieldAccess(role=made[code], field=field.key, level=level)
            for code, level in (("administrator", Sight.WRITE), ("privacy_officer", Sight.READ))
            for field in fields.list_fields()
            if field.care is fields.Care.SENSITIVE
        ],
        ignore_conflicts=True,
    )
    return made
