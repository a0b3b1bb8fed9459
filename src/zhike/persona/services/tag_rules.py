"""Tags by rule: who fits a filter has the tag, who does not fit any more loses it.

A rule is the company's, not its author's: it is asked about all customers. So it is made by somebody who may edit all
of them and reads what it asks about.
"""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core.exceptions import EmptyResultSet, PermissionDenied, ValidationError
from django.db import connection, transaction
from django.utils.translation import gettext as _
from procrastinate.contrib.django import app

from zhike.core import fields
from zhike.core.access import require
from zhike.core.acting import seeing_everything
from zhike.core.actor import SYSTEM, Actor
from zhike.core.errors import DomainError
from zhike.core.lists import registry
from zhike.core.lists.conditions import ME, compile_tree, describe
from zhike.core.lists.grammar import Group
from zhike.core.lists.operators import Asking
from zhike.core.lists.patience import within
from zhike.core.text import normal
from zhike.customers.guarded import key
from zhike.customers.listing import KEY
from zhike.customers.models import Customer, Tag
from zhike.customers.permissions import MANAGE_TAGS
from zhike.customers.services.tags import EDIT
from zhike.persona.dependence import why_refused
from zhike.persona.features import conditions_in
from zhike.persona.groups import read_group
from zhike.persona.models import TagRule

ASK = "persona.ask_rule"
EVERY = timedelta(hours=6)
LIMIT_MS = 300_000
MOST = 200
_NOBODY = "SELECT NULL::bigint AS id WHERE false"
_GIVE_AND_TAKE = """
    WITH fitting AS MATERIALIZED (SELECT id FROM ({fitting}) AS found (id)),
    taken AS (
        DELETE FROM customers_customertag AS had
        WHERE had.tag_id = %s AND NOT EXISTS (SELECT FROM fitting WHERE fitting.id = had.customer_id)
        RETURNING 1
    ),
    given AS (
        INSERT INTO customers_customertag (customer_id, tag_id) SELECT id, %s FROM fitting ORDER BY id
        ON CONFLICT DO NOTHING RETURNING 1
    )
    SELECT (SELECT count(*) FROM fitting), (SELECT count(*) FROM given), (SELECT count(*) FROM taken)
"""


class TooManyRules(DomainError):
    code = "too_many_rules"
    status = 422

    def __init__(self) -> None:
        super().__init__(_("At most %(count)s tags can have a rule.") % {"count": MOST})


class RuleAsksItself(DomainError):
    """By tags that were renamed or merged since."""

    code = "rule_asks_itself"
    status = 422


def put_rule(*, actor: Actor, name: str, query: str, at: datetime) -> TagRule:
    """Make the tag follow the filter from now on, and ask it at once in the background.

    query: the address of a list behind its "?". A tag that people gave by hand before is the rule's from then on.

    :raises PermissionDenied: the actor may not manage tags, or not edit all customers
    :raises zhike.core.fields.FieldClosed: they do not write tags
    :raises zhike.core.lists.grammar.FilterInvalid: no filter, or one about what they do not read
    :raises ValidationError: by field: what cannot be asked of all customers
    :raises TooManyRules: enough of them
    """
    require(actor, MANAGE_TAGS)
    if not actor.reach_of(EDIT).is_all:
        raise PermissionDenied(EDIT)
    fields.require_write(actor, key("tags"))
    name, tree = normal.one_line(name), read_group(query)
    _check(name, tree)
    _check_reach(actor, tree, at)
    with transaction.atomic():
        # Two rules that are made at once must not ask for each other's tags.
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(hashtext('zhike.persona.tag_rules'))")
        tag = Tag.objects.get_or_create(name=name)[0]
        if TagRule.objects.exclude(tag=tag).count() >= MOST:
            raise TooManyRules
        rule = TagRule.objects.update_or_create(
            tag=tag,
            defaults={"query": query, "failure": "", "asked_at": None},
            create_defaults={"query": query, "created_by_id": actor.user_id, "created_at": at},
        )[0]
        if problem := why_refused(tag, tree):
            raise ValidationError({"name": problem})
        transaction.on_commit(lambda: begin(rule.pk))
    return rule


def remove_rule(*, actor: Actor, rule_id: int) -> TagRule:
    """From now on the tag is given and taken by hand; who has it keeps it.

    :raises PermissionDenied: the actor may not manage tags
    :raises TagRule.DoesNotExist: there is none
    """
    require(actor, MANAGE_TAGS)
    rule = TagRule.objects.select_related("tag").get(pk=rule_id)
    TagRule.objects.filter(pk=rule_id).delete()
    return rule


def ask_again(*, actor: Actor, rule_id: int) -> TagRule:
    """Ask the rule now instead of within the next hours.

    :raises PermissionDenied: the actor may not manage tags
    :raises TagRule.DoesNotExist: there is none
    """
    require(actor, MANAGE_TAGS)
    rule = TagRule.objects.select_related("tag").get(pk=rule_id)
    begin(rule.pk)
    return rule


def begin(rule_id: int) -> None:
    app.configure_task(ASK, allow_unknown=False).defer(rule_id=rule_id)


def list_due(*, at: datetime) -> list[int]:
    """Rules that were not asked for so long that figures may have changed."""
    rows = TagRule.objects.exclude(asked_at__gt=at - EVERY)
    return list(rows.order_by("pk").values_list("pk", flat=True))


def ask_rule(*, rule_id: int, at: datetime) -> tuple[int, int]:
    """Give the tag to those who fit and take it from the others; how many of each. A rule that is gone asks nothing."""
    with transaction.atomic():
        rule = TagRule.objects.select_for_update(no_key=True).filter(pk=rule_id).first()
        if rule is None:
            return 0, 0
        try:
            with transaction.atomic():
                count, given, taken = within(LIMIT_MS, lambda: _give_and_take(rule, at))
        except DomainError as problem:
            rule.failure, given, taken = str(problem)[:500], 0, 0
        else:
            rule.failure, rule.customer_count = "", count
        rule.asked_at = at
        rule.save(update_fields=["failure", "customer_count", "asked_at"])
    return given, taken


def _give_and_take(rule: TagRule, at: datetime) -> tuple[int, int, int]:
    tree = read_group(rule.query)
    if problem := why_refused(rule.tag, tree):
        raise RuleAsksItself(problem)
    try:
        rows = Customer.objects.visible_to(SYSTEM).filter(
            compile_tree(tree, of=registry.get(KEY), asking=_asking(SYSTEM, at), sweeps=True)
        )
        fitting, parameters = rows.order_by().values_list("pk").query.sql_with_params()
    except EmptyResultSet:
        fitting, parameters = _NOBODY, ()
    with seeing_everything(), connection.cursor() as cursor:
        cursor.execute(_GIVE_AND_TAKE.format(fitting=fitting), [*parameters, rule.tag_id, rule.tag_id])
        count, given, taken = cursor.fetchone()
    return count, given, taken


def _check(name: str, tree: Group) -> None:
    if not name or len(name) > 50 or "\0" in name:
        raise ValidationError({"name": _("A name of 1 to 50 characters.")})
    if not tree.items:
        raise ValidationError({"query": _("Filter the list first: everybody needs no tag.")})


def _check_reach(actor: Actor, tree: Group, at: datetime) -> None:
    """What somebody does not read, of all customers, they cannot make a tag of: who has the tag would tell it."""
    describe(tree, of=registry.get(KEY), asking=_asking(actor, at))
    known = registry.get(KEY).fields_for(actor)
    for condition in conditions_in(tree):
        field = known[condition.field]
        if field.permission and not actor.reach_of(field.permission).is_all:
            raise PermissionDenied(field.permission)
        if field.knows_me and ME in condition.values:
            raise ValidationError({"query": _("A rule is the company's: name the colleague instead of “me”.")})


def _asking(actor: Actor, at: datetime) -> Asking:
    return Asking(actor=actor, now=at, zone=ZoneInfo(settings.TIME_ZONE))
