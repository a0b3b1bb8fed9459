"""All rules there are at this moment: those of Zhike, those of the fields, and the company's own."""

from collections.abc import Iterable, Mapping

from zhike.core import fields
from zhike.core.actor import Actor
from zhike.customers.models import VIEW
from zhike.quality import builtin, own
from zhike.quality.checks import Check
from zhike.quality.models import OwnRule


def list_checks(*, codes: Iterable[int] = ()) -> list[Check]:
    """codes: calling codes that occur, for the checks of phone numbers that are to be carried out."""
    known = tuple(codes)
    return [
        *builtin.of_phones(known),
        *builtin.of_emails(),
        *builtin.of_names(),
        *builtin.of_people(),
        *builtin.of_places(),
        *builtin.of_orders(),
        *own.of_own_fields(known),
        *own.of_company(OwnRule.objects.filter(is_active=True).order_by("pk"), known),
    ]


def checks_by_key() -> Mapping[str, Check]:
    return {check.key: check for check in list_checks()}


def is_open_to(check: Check, actor: Actor) -> bool:
    """Whether the actor reads everything that a finding tells of, of every customer whom they see: findings are counted
    by customers, and how many there are would tell of orders that are closed."""
    if not fields.reads(actor, check.reads):
        return False
    return not check.permission or actor.reach_of(check.permission).contains(actor.reach_of(VIEW))


def list_open(actor: Actor) -> list[Check]:
    """The rules whose findings the actor may see."""
    return [check for check in list_checks() if is_open_to(check, actor)]
