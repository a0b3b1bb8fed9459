"""Who the customers are: persons and organisations, and how to recognise them."""

from collections.abc import Mapping
from typing import Any, ClassVar

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from zhike.core import sources
from zhike.core.access import ScopedQuerySet
from zhike.core.actor import Actor
from zhike.core.database import changed_xid, custom_values
from zhike.core.fields import name_of
from zhike.core.history import Captured, NotCaptured
from zhike.customers.arrangements import PanelArrangement as PanelArrangement
from zhike.customers.choices import Grade as Grade
from zhike.customers.choices import Relationship as Relationship
from zhike.customers.choices import Stage as Stage
from zhike.customers.mentions import Mention as Mention

VIEW, EDIT = "customers.view_customer", "customers.edit_customer"
EXPORT = "customers.export_customer"


class CustomerScopedQuerySet[M: models.Model](ScopedQuerySet[M]):
    """Rows of a customer: collaborators see and export what they may see of others' customers, and edit where they
    may."""

    def shared_with(self, actor: Actor, permission: str) -> "models.QuerySet[Any, Any] | None":
        if permission not in (self.view_permission, VIEW, EDIT, EXPORT):
            return None
        mine = Collaborator.objects.filter(user_id=actor.user_id or 0)
        return (mine.filter(may_edit=True) if permission == EDIT else mine).values("customer_id")


class CustomerQuerySet(CustomerScopedQuerySet["Customer"]):
    view_permission = VIEW


class Customer(models.Model):
    """A person or an organisation that buys, or may.

    name_normal: lower case, half width, an organisation without its legal suffix.
    name_pinyin: reading in Latin letters, for sorting.
    relationship: set by hand; where empty, `CustomerFacts.relationship` speaks.
    version: grows with every edit; import undo leaves alone what was edited since.
    """

    class Kind(models.TextChoices):
        PERSON = "person", _("Person")
        ORGANISATION = "organisation", _("Organisation")

    kind = models.CharField(_("kind"), max_length=12, choices=Kind.choices, default=Kind.PERSON)
    name = models.CharField(_("name"), max_length=200)
    name_normal = models.CharField(max_length=200, editable=False)
    name_pinyin = models.CharField(max_length=400, editable=False)
    owner = models.ForeignKey(
        "accounts.User",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        db_index=False,
        verbose_name=_("owner"),
    )
    team = models.ForeignKey(
        "accounts.Team", models.PROTECT, null=True, blank=True, related_name="+", db_index=False, verbose_name=_("team")
    )
    channel = models.CharField(_("source channel"), max_length=50, blank=True, default="")
    relationship = models.CharField(
        _("relationship"), max_length=12, choices=Relationship.choices, blank=True, default=""
    )
    country = models.CharField(_("country"), max_length=60, blank=True, default="")
    province = models.CharField(_("province"), max_length=60, blank=True, default="")
    city = models.CharField(_("city"), max_length=60, blank=True, default="")
    birthday_on = models.DateField(_("birthday"), null=True, blank=True)
    note = models.TextField(_("notes"), blank=True, default="")
    custom = custom_values()
    created_at = models.DateTimeField(_("created"))
    updated_at = models.DateTimeField(_("updated"))
    version = models.PositiveIntegerField(default=1, editable=False)
    import_id = models.BigIntegerField(null=True, editable=False)  # no key: three million checks per import for nothing
    changed_xid = changed_xid()

    history = Captured(ignored=("name_normal", "name_pinyin", "updated_at", "version", "changed_xid"))
    objects = CustomerQuerySet.as_manager()

    class Meta:
        verbose_name = _("customer")
        indexes = [
            models.Index(fields=["name_normal"], name="customers_name_normal"),
            models.Index(fields=["name_pinyin", "id"], name="customers_name_pinyin"),
            models.Index(fields=["city", "id"], name="customers_city"),
            models.Index(fields=["channel", "id"], name="customers_channel"),
            models.Index(fields=["created_at", "id"], name="customers_created"),
            models.Index(fields=["owner", "id"], condition=Q(owner__isnull=False), name="customers_owner"),
            models.Index(fields=["team", "id"], condition=Q(team__isnull=False), name="customers_team"),
            models.Index(fields=["id"], include=["owner", "team"], name="customers_reach"),
        ]
        constraints = [
            models.CheckConstraint(condition=~Q(name=""), name="customers_customer_name_is_given"),
            models.CheckConstraint(
                condition=Q(kind__in=["person", "organisation"]), name="customers_customer_kind_is_known"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Collaborator(models.Model):
    """Somebody who works on a customer that is not theirs; what they may see and do at all, their roles say."""

    customer = models.ForeignKey(Customer, models.CASCADE, related_name="collaborators", db_index=False)
    user = models.ForeignKey("accounts.User", models.CASCADE, related_name="+", db_index=False)
    may_edit = models.BooleanField(_("may edit"), default=False)
    added_by = models.ForeignKey("accounts.User", models.SET_NULL, null=True, related_name="+", db_index=False)
    created_at = models.DateTimeField()

    history = Captured(subject="customer", label=_("Collaborator"))

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["customer", "user"], name="customers_collaborator_is_unique"),
        ]
        indexes = [models.Index(fields=["user", "customer"], name="customers_collaborator_user")]

    def __str__(self) -> str:
        return f"{self.customer_id}: {self.user_id}"


class CustomerSearch(models.Model):
    """What one box finds a customer by; written only by `services.search`.

    text: name, reading, identifiers in normal form, a line each; beginnings, city and province in the last.
    grams: the pieces of text that the index knows (`zhike.core.text.grams`).
    """

    is_computed = True

    customer = models.OneToOneField(Customer, models.CASCADE, primary_key=True, related_name="search")
    text = models.TextField()
    grams = ArrayField(models.TextField())

    history = NotCaptured("Follows from the customer and its identifiers.")

    class Meta:
        indexes = [GinIndex(fields=["grams"], name="customers_search_grams")]

    def __str__(self) -> str:
        return self.text


class CustomerFacts(models.Model):
    """Hot facts for lists and headers; written only by `services.put_facts` from a scoring run.

    amount: sum of orders, refunds negative, in the company's currency. interval_days: expected days between
    purchases. as_of: the day the figures are true for.
    """

    is_computed = True

    customer = models.OneToOneField(Customer, models.CASCADE, primary_key=True, related_name="facts")
    run_id = models.BigIntegerField()
    as_of = models.DateField()
    grade = models.CharField(max_length=8, choices=Grade.choices, blank=True, default="")
    stage = models.CharField(max_length=8, choices=Stage.choices)
    relationship = models.CharField(max_length=12, choices=Relationship.choices)
    r = models.SmallIntegerField(null=True)
    f = models.SmallIntegerField(null=True)
    m = models.SmallIntegerField(null=True)
    order_count = models.IntegerField(default=0)
    amount = models.DecimalField(max_digits=24, decimal_places=6, default=0)
    first_order_on = models.DateField(null=True)
    last_order_on = models.DateField(null=True)
    interval_days = models.FloatField(null=True)
    overdue_rate = models.FloatField(null=True)  # days since the last order, in expected intervals

    history = NotCaptured("The scoring run is its record.")

    class Meta:
        indexes = [
            models.Index(fields=["amount", "customer"], name="customers_facts_amount"),
            models.Index(fields=["order_count", "customer"], name="customers_facts_orders"),
            models.Index(fields=["last_order_on", "customer"], name="customers_facts_last_order"),
            models.Index(fields=["grade", "customer"], name="customers_facts_grade"),
            models.Index(fields=["stage", "customer"], name="customers_facts_stage"),
            models.Index(fields=["r", "f", "m", "customer"], name="customers_facts_rfm"),
        ]

    def __str__(self) -> str:
        return f"{self.grade} {self.stage}"


class IdentifierQuerySet(CustomerScopedQuerySet["Identifier"]):
    view_permission = VIEW
    scope_prefix = "customer__"


class Identifier(models.Model):
    """Something a customer is recognised or reached by.

    system: the source system an external id belongs to; empty for every other kind.
    strength: whether it names one customer (unique), nearly always one (strong), or only hints (weak).
    source: where it came from ("import", "api", "hand", or a system's name).
    """

    class Kind(models.TextChoices):
        PHONE = "phone", _("Phone")
        EMAIL = "email", _("E-mail")
        WECHAT = "wechat", _("WeChat id")
        ADDRESS = "address", _("Address")
        USCC = "uscc", _("Unified social credit code")
        EXTERNAL = "external", _("External id")

    class Strength(models.IntegerChoices):
        WEAK = 1, _("Weak")
        STRONG = 2, _("Strong")
        UNIQUE = 3, _("Unique")

    STRENGTHS: ClassVar[Mapping[str, int]] = {
        Kind.EXTERNAL: Strength.UNIQUE,
        Kind.USCC: Strength.UNIQUE,
        Kind.PHONE: Strength.STRONG,
        Kind.EMAIL: Strength.STRONG,
        Kind.WECHAT: Strength.STRONG,
        Kind.ADDRESS: Strength.WEAK,
    }

    customer = models.ForeignKey(Customer, models.CASCADE, related_name="identifiers")
    kind = models.CharField(_("kind"), max_length=8, choices=Kind.choices)
    system = models.CharField(_("system"), max_length=50, blank=True, default="")
    value = models.CharField(_("value"), max_length=500)
    value_normal = models.CharField(max_length=500, editable=False)
    strength = models.SmallIntegerField(choices=Strength.choices)
    source = models.CharField(_("source"), max_length=50, blank=True, default="")
    is_primary = models.BooleanField(default=False)
    created_at = models.DateTimeField()
    version = models.PositiveIntegerField(default=1, editable=False)
    import_id = models.BigIntegerField(null=True, editable=False)

    history = Captured(
        subject="customer",
        ignored=("value_normal", "version"),
        label=_("Identifier"),
        labels={"strength": _("Strength"), "is_primary": _("Primary")},
        words={"source": sources.said},
    )
    objects = IdentifierQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["value_normal", "kind", "system"],
                condition=Q(strength=3),
                name="customers_identifier_unique_is_unique",
            ),
            models.CheckConstraint(condition=~Q(value_normal=""), name="customers_identifier_value_is_given"),
            models.CheckConstraint(
                condition=~Q(kind="external") | (~Q(system="") & Q(strength=3)),
                name="customers_identifier_external_names_its_system",
            ),
        ]
        indexes = [
            models.Index(fields=["value_normal"], condition=Q(strength__lt=3), name="customers_identifier_value"),
        ]

    def __str__(self) -> str:
        return self.value


class SealedQuerySet(CustomerScopedQuerySet["SealedValue"]):
    view_permission = VIEW
    scope_prefix = "customer__"


class SealedValue(models.Model):
    """An encrypted field of a customer; `customers.sealed` opens it.

    field: name in the registry of fields. version: grows with every edit; undoing an import leaves alone what was
    edited since. sealed: AES-256-GCM under `key`, good for this field of this customer only.
    blind_index: keyed digest of the value's normal form, under `index_key`, for exact search.
    """

    customer = models.ForeignKey(Customer, models.CASCADE, related_name="sealed_values", db_index=False)
    field = models.CharField(max_length=50)
    sealed = models.BinaryField()
    key = models.ForeignKey("accounts.FieldKey", models.PROTECT, related_name="+")
    blind_index = models.CharField(max_length=64)
    index_key = models.ForeignKey("accounts.FieldKey", models.PROTECT, related_name="+")
    version = models.PositiveIntegerField(default=1, editable=False)
    import_id = models.BigIntegerField(null=True, editable=False)

    # The digest differs where the value does, so an edit is seen in the history, and a new key is not.
    history = Captured(
        subject="customer",
        ignored=("sealed", "key", "index_key", "version"),
        hidden=("blind_index",),
        label=_("Encrypted field"),
        labels={"field": _("Field"), "blind_index": _("Value")},
        words={"field": lambda name: name_of(f"customers.customer.{name}")},
        stays="Encrypted: the history keeps that it changed, and not what it was.",
    )
    objects = SealedQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["customer", "field"], name="customers_sealedvalue_is_unique"),
        ]
        indexes = [
            models.Index(fields=["blind_index"], name="customers_sealed_index"),
            models.Index(fields=["field", "customer"], name="customers_sealed_field"),
        ]

    def __str__(self) -> str:
        return f"{self.customer_id} {self.field}"


class Tag(models.Model):
    """A word people put on customers."""

    name = models.CharField(_("name"), max_length=50, unique=True)
    tone = models.CharField(_("colour"), max_length=12, blank=True, default="", db_default="")

    history = Captured(label=_("Tag"), stays="The list of tags has an undo of its own.")

    def __str__(self) -> str:
        return self.name


class CustomerTag(models.Model):
    """A tag on a customer."""

    customer = models.ForeignKey(Customer, models.CASCADE, related_name="customer_tags", db_index=False)
    tag = models.ForeignKey(Tag, models.CASCADE, related_name="+")
    import_id = models.BigIntegerField(null=True, editable=False)

    history = Captured(subject="customer", label=_("Tag"), labels={"tag": _("Tag")})

    class Meta:
        constraints = [models.UniqueConstraint(fields=["customer", "tag"], name="customers_customertag_is_unique")]

    def __str__(self) -> str:
        return str(self.tag)


class ActivityQuerySet(CustomerScopedQuerySet["Activity"]):
    view_permission = VIEW
    scope_prefix = "customer__"


class Activity(models.Model):
    """Something that happened with a customer and is not already a record of its own app."""

    class Kind(models.TextChoices):
        NOTE = "note", _("Note")
        FOLLOW_UP = "follow_up", _("Follow-up")
        CALL = "call", _("Call")
        VISIT = "visit", _("Visit")
        MAIL = "mail", _("Mail")
        CHANGE = "change", _("Change")

    customer = models.ForeignKey(Customer, models.CASCADE, related_name="activities", db_index=False)
    kind = models.CharField(_("kind"), max_length=12, choices=Kind.choices)
    happened_at = models.DateTimeField(_("time"))
    text = models.TextField(_("text"))
    author = models.ForeignKey("accounts.User", models.PROTECT, null=True, related_name="+")
    is_pinned = models.BooleanField(default=False)
    file_name = models.CharField(_("attached file"), max_length=200, blank=True, default="", db_default="")
    file_path = models.CharField(_("file kept at"), max_length=100, blank=True, default="", db_default="")
    created_at = models.DateTimeField()
    import_id = models.BigIntegerField(null=True, editable=False)
    changed_xid = changed_xid()

    history = Captured(
        subject="customer",
        ignored=("changed_xid",),
        label=_("Follow-up or note"),
        labels={"author": _("Written by"), "is_pinned": _("Pinned")},
        echo=("kind", "change"),
    )
    objects = ActivityQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "activities"
        indexes = [
            models.Index(fields=["customer", "happened_at", "id"], name="customers_activity_timeline"),
            models.Index(
                fields=["happened_at", "customer"],
                condition=Q(kind__in=["follow_up", "call", "visit", "mail"]),
                name="customers_activity_contact",
            ),
            models.Index(fields=["file_path"], condition=~Q(file_path=""), name="customers_activity_file"),
        ]

    def __str__(self) -> str:
        return self.text
