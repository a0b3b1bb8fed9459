"""What was bought: products, orders and their lines."""

from typing import Self

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from zhike.core.actor import Actor
from zhike.core.database import changed_xid
from zhike.core.history import Captured
from zhike.customers.models import VIEW, CustomerScopedQuerySet


class ProductQuerySet(models.QuerySet["Product"]):
    def visible_to(self, actor: Actor) -> Self:
        """Products have no owner: all, for whoever sees orders."""
        return self.all() if actor.may("commerce.view_order") else self.none()


class Product(models.Model):
    """Something sold. code: stock-keeping unit, unique within its source system."""

    source = models.CharField(_("source"), max_length=50)
    code = models.CharField(_("code"), max_length=100)
    name = models.CharField(_("name"), max_length=300, blank=True, default="")
    category = models.CharField(_("category"), max_length=100, blank=True, default="")
    created_at = models.DateTimeField()
    version = models.PositiveIntegerField(default=1, editable=False)
    import_id = models.BigIntegerField(null=True, editable=False)

    history = Captured(
        ignored=("version",), label=_("Product"), stays="Only imports change products, and their undo puts them back."
    )
    objects = ProductQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["source", "code"], name="commerce_product_code_is_unique")]

    def __str__(self) -> str:
        return self.name or self.code


class OrderQuerySet(CustomerScopedQuerySet["Order"]):
    view_permission = "commerce.view_order"
    scope_prefix = "customer__"
    follows = VIEW


class Order(models.Model):
    """A purchase, or as a negative order a refund or cancellation.

    number: the source's order number; empty where the source has none. key: what tells the order from all others
    of its source: the number, or (customer, date, amount, occurrence) where there is none. customer: null for an
    anonymous order. total_amount: sum of the lines, unrounded; rounded where shown.
    """

    class Kind(models.TextChoices):
        SALE = "sale", _("Sale")
        REFUND = "refund", _("Refund or cancellation")

    customer = models.ForeignKey(
        "customers.Customer", models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    source = models.CharField(_("source"), max_length=50)
    key = models.CharField(max_length=200, editable=False)
    number = models.CharField(_("order number"), max_length=100, blank=True, default="")
    kind = models.CharField(_("kind"), max_length=6, choices=Kind.choices, default=Kind.SALE)
    placed_at = models.DateTimeField(_("placed"))
    currency = models.CharField(_("currency"), max_length=3)
    total_amount = models.DecimalField(_("amount"), max_digits=24, decimal_places=8)
    line_count = models.PositiveIntegerField(default=0)
    channel = models.CharField(_("channel"), max_length=50, blank=True, default="")
    store = models.CharField(_("store"), max_length=100, blank=True, default="")
    created_at = models.DateTimeField()
    version = models.PositiveIntegerField(default=1, editable=False)
    import_id = models.BigIntegerField(null=True, editable=False)
    changed_xid = changed_xid()

    history = Captured(
        subject="customer",
        ignored=("key", "version", "changed_xid"),
        labels={"customer": _("Customer"), "line_count": _("Lines")},
    )
    objects = OrderQuerySet.as_manager()

    class Meta:
        verbose_name = _("order")
        indexes = [
            models.Index(fields=["customer", "placed_at", "id"], name="commerce_order_timeline"),
            models.Index(fields=["placed_at", "id"], name="commerce_order_placed"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["source", "key"], name="commerce_order_key_is_unique"),
            models.CheckConstraint(condition=Q(currency__regex="^[A-Z]{3}$"), name="commerce_order_currency_is_iso"),
            models.CheckConstraint(
                condition=Q(kind="sale") | Q(total_amount__lte=0), name="commerce_order_refund_is_not_positive"
            ),
        ]

    def __str__(self) -> str:
        return self.number or f"#{self.pk}"


class OrderLineQuerySet(CustomerScopedQuerySet["OrderLine"]):
    view_permission = "commerce.view_order"
    scope_prefix = "order__customer__"
    follows = VIEW


class OrderLine(models.Model):
    """One product on an order. occurrence: tells equal products on one order apart, in the source's sequence."""

    order = models.ForeignKey(Order, models.CASCADE, related_name="lines", db_index=False)
    product = models.ForeignKey(Product, models.PROTECT, null=True, blank=True, related_name="+")
    occurrence = models.PositiveIntegerField(default=1)
    quantity = models.DecimalField(_("quantity"), max_digits=20, decimal_places=6)
    unit_price = models.DecimalField(_("unit price"), max_digits=24, decimal_places=8)
    amount = models.DecimalField(_("amount"), max_digits=24, decimal_places=8)
    version = models.PositiveIntegerField(default=1, editable=False)
    import_id = models.BigIntegerField(null=True, editable=False)
    changed_xid = changed_xid()

    history = Captured(
        subject="order",
        ignored=("version", "changed_xid"),
        labels={"order": _("Order"), "product": _("Product"), "occurrence": _("Occurrence")},
    )
    objects = OrderLineQuerySet.as_manager()

    class Meta:
        verbose_name = _("order line")
        constraints = [
            models.UniqueConstraint(
                fields=["order", "product", "occurrence"], nulls_distinct=False, name="commerce_orderline_is_unique"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.quantity} × {self.product_id}"
