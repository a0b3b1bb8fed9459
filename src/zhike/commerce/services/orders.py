"""Orders that arrive one at a time; files go through the import engine."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, localcontext
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from zhike.commerce import guarded
from zhike.commerce.events import OrderCreated
from zhike.commerce.models import Order, OrderLine, Product
from zhike.core import fields
from zhike.core.access import require
from zhike.core.acting import seeing_everything
from zhike.core.actor import Actor
from zhike.core.errors import DomainError
from zhike.core.events import publish
from zhike.core.money import is_currency
from zhike.customers.models import Customer
from zhike.customers.services.holding import hold_customer

CREATE = "commerce.create_order"
SMALLEST = Decimal("0.00000001")  # what the database keeps, and below which amounts must stay
LIMIT = Decimal(10) ** 16
LONGEST_NUMBER = 100  # keys of refunds are longer, so that nobody can take one by an order of this number


class OrderNumberTaken(DomainError):
    code = "order_number_taken"

    def __init__(self) -> None:
        super().__init__(_("This source already has another order of this number."))


class OrderAlreadyRefunded(DomainError):
    code = "order_already_refunded"

    def __init__(self) -> None:
        super().__init__(_("This order has been refunded already, or is itself a refund."))


class CustomerUnknown(DomainError):
    code = "customer_unknown"
    status = 422

    def __init__(self) -> None:
        super().__init__(_("There is no such customer, or it is not yours to see."))


class CurrencyUnknown(DomainError):
    code = "currency_unknown"
    status = 422

    def __init__(self) -> None:
        super().__init__(_("The currency is not an ISO 4217 code such as CNY."))


class RefundNotNegative(DomainError):
    code = "refund_not_negative"
    status = 422

    def __init__(self) -> None:
        super().__init__(_("The lines of a refund must not add up to more than zero."))


class AmountInexact(DomainError):
    code = "amount_inexact"
    status = 422

    def __init__(self) -> None:
        super().__init__(_("Quantity times unit price has more than 8 decimals. Send the line's amount itself."))


class AmountTooLarge(DomainError):
    code = "amount_too_large"
    status = 422

    def __init__(self) -> None:
        super().__init__(_("An amount, or the order's total, has more than 16 digits before the point."))


@dataclass(frozen=True, kw_only=True)
class LineDraft:
    """A line as its source tells it. product_code: empty where the source names no product. amount: quantity times
    unit price where it is left out, otherwise as told, for example after a discount."""

    quantity: Decimal
    unit_price: Decimal
    amount: Decimal | None = None
    product_code: str = ""
    product_name: str = ""
    category: str = ""


@transaction.atomic
def create_order(
    *,
    actor: Actor,
    at: datetime,
    source: str,
    number: str,
    placed_at: datetime,
    currency: str,
    lines: Sequence[LineDraft],
    customer_id: int | None = None,
    kind: str = Order.Kind.SALE,
    channel: str = "",
    store: str = "",
) -> tuple[Order, bool]:
    """Record a purchase, and whether it was new: the same order from the same source is only recorded once.

    :raises zhike.core.fields.FieldClosed: a field that the actor may not write
    :raises OrderNumberTaken: the source's order of this number has another content
    :raises CustomerUnknown: nobody the actor can see
    :raises CurrencyUnknown: not an ISO 4217 code
    :raises AmountInexact: a line's amount is left out and cannot be told exactly
    :raises AmountTooLarge: an amount or the total has more digits than are kept
    :raises RefundNotNegative: a refund with a positive total
    """
    require(actor, CREATE)
    _check_fields(actor, channel=channel, store=store, lines=lines)
    return _record_order(
        actor=actor,
        at=at,
        source=source,
        number=number,
        placed_at=placed_at,
        currency=currency,
        lines=lines,
        customer_id=customer_id,
        kind=kind,
        channel=channel,
        store=store,
    )


def _record_order(
    *,
    actor: Actor,
    at: datetime,
    source: str,
    number: str,
    placed_at: datetime,
    currency: str,
    lines: Sequence[LineDraft],
    customer_id: int | None,
    kind: str,
    channel: str,
    store: str,
    key: str = "",
) -> tuple[Order, bool]:
    """key: what tells the order from all others of its source, where that is not its number."""
    _check_customer(actor, customer_id)
    if not is_currency(currency):
        raise CurrencyUnknown
    amounts = [_amount_of(line) for line in lines]
    total = sum(amounts, Decimal())
    if abs(total) >= LIMIT:
        raise AmountTooLarge
    if kind == Order.Kind.REFUND and total > 0:
        raise RefundNotNegative
    facts: dict[str, Any] = {"customer_id": customer_id, "kind": kind, "placed_at": placed_at, "currency": currency}
    facts |= {"total_amount": total, "line_count": len(lines), "channel": channel, "store": store}
    # The number may be taken by an order that the actor does not see.
    with seeing_everything():
        order, is_new = Order.objects.get_or_create(
            source=source, key=key or number, defaults={**facts, "number": number, "created_at": at}
        )
        if not is_new:
            if any(getattr(order, name) != value for name, value in facts.items()) or _told(order) != _drafted(
                lines, amounts
            ):
                raise OrderNumberTaken
            return order, False
        _create_lines(order=order, lines=lines, amounts=amounts, at=at)
    publish(OrderCreated(order_id=order.pk, customer_id=customer_id))
    return order, True


def refund_number(order_id: int) -> str:
    return f"refund~{order_id}"


def refund_key(order_id: int) -> str:
    """What tells the refund of an order from all other orders of its source."""
    return f"{refund_number(order_id):~>{LONGEST_NUMBER + 1}}"


def refunded_by(key: str) -> int | None:
    """The order whose refund has this key."""
    told = key.lstrip("~").removeprefix("refund~")
    return int(told) if told.isdecimal() and refund_key(int(told)) == key else None


@transaction.atomic
def refund_order(*, actor: Actor, order_id: int, placed_at: datetime, at: datetime) -> Order:
    """Take a whole order back: a negative order of the same lines, under a number of its own.

    :raises zhike.core.fields.FieldClosed: the actor may not write amounts
    :raises OrderAlreadyRefunded: it was refunded before, or is a refund
    """
    require(actor, CREATE)
    fields.require_write(actor, guarded.AMOUNT)
    sale = Order.objects.visible_to(actor).select_for_update(of=("self",)).get(pk=order_id)
    if sale.kind == Order.Kind.REFUND:
        raise OrderAlreadyRefunded
    lines = [
        LineDraft(
            quantity=-line.quantity,
            unit_price=line.unit_price,
            amount=-line.amount,
            product_code=line.product.code if line.product else "",
        )
        for line in OrderLine.objects.filter(order=sale).select_related("product").order_by("pk")
    ]
    number = refund_number(sale.pk)
    # A refund's key was its number once.
    same = {"source": sale.source, "kind": Order.Kind.REFUND, "total_amount": -sale.total_amount}
    if Order.objects.visible_to(actor).filter(**same, customer=sale.customer_id, key=number).exists():
        raise OrderAlreadyRefunded
    try:
        order, is_new = _record_order(
            actor=actor,
            at=at,
            source=sale.source,
            number=number,
            key=refund_key(sale.pk),
            placed_at=placed_at,
            currency=sale.currency,
            lines=lines,
            customer_id=sale.customer_id,
            kind=Order.Kind.REFUND,
            channel=sale.channel,
            store=sale.store,
        )
    except OrderNumberTaken as error:
        raise OrderAlreadyRefunded from error
    if not is_new:
        raise OrderAlreadyRefunded
    return order


def _check_fields(actor: Actor, *, channel: str, store: str, lines: Sequence[LineDraft]) -> None:
    """An order sent again is compared with the one that is there, so what is closed must not even be tried out."""
    said = {guarded.CHANNEL: channel, guarded.STORE: store}
    told = [key for key, value in said.items() if value]
    if any(line.product_code or line.product_name for line in lines):
        told.append(guarded.PRODUCT)
    for key in (guarded.NUMBER, guarded.AMOUNT, guarded.QUANTITY, *told):
        fields.require_write(actor, key)


def _check_customer(actor: Actor, customer_id: int | None) -> None:
    if customer_id is None:
        # Nobody owns an anonymous order, so only those who may create orders for everybody can.
        if not actor.reach_of(CREATE).is_all:
            raise PermissionDenied(CREATE)
    elif not Customer.objects.visible_to(actor).within(actor, CREATE).filter(pk=customer_id).exists():
        raise CustomerUnknown
    else:
        try:
            hold_customer(customer_id=customer_id)
        except Customer.DoesNotExist:
            raise CustomerUnknown from None


def _amount_of(line: LineDraft) -> Decimal:
    with localcontext(prec=60):
        amount = line.quantity * line.unit_price if line.amount is None else line.amount
        if amount != amount.quantize(SMALLEST):
            raise AmountInexact
    if abs(amount) >= LIMIT:
        raise AmountTooLarge
    return amount


def _create_lines(*, order: Order, lines: Sequence[LineDraft], amounts: Sequence[Decimal], at: datetime) -> None:
    products = _products(source=order.source, lines=lines, at=at)
    seen: Counter[str] = Counter()
    rows = []
    for line, amount in zip(lines, amounts, strict=True):
        seen[line.product_code] += 1
        rows.append(
            OrderLine(
                order=order,
                product_id=products.get(line.product_code),
                occurrence=seen[line.product_code],
                quantity=line.quantity,
                unit_price=line.unit_price,
                amount=amount,
            )
        )
    OrderLine.objects.bulk_create(rows)


def _products(*, source: str, lines: Sequence[LineDraft], at: datetime) -> dict[str, int]:
    """Ids by code; products not yet known are created from the lines."""
    drafts = {line.product_code: line for line in lines if line.product_code}
    if not drafts:
        return {}
    known = Product.objects.filter(source=source, code__in=drafts).values_list("code", "pk")
    ids = dict(known)
    missing = [
        Product(source=source, code=code, name=line.product_name, category=line.category, created_at=at)
        for code, line in sorted(drafts.items())
        if code not in ids
    ]
    if missing:
        Product.objects.bulk_create(missing, ignore_conflicts=True)
        ids = dict(Product.objects.filter(source=source, code__in=drafts).values_list("code", "pk"))
    return ids


type LineFacts = Counter[tuple[str, Decimal, Decimal, Decimal]]


def _told(order: Order) -> LineFacts:
    rows = OrderLine.objects.filter(order=order).values_list("product__code", "quantity", "unit_price", "amount")
    return Counter((code or "", quantity, price, amount) for code, quantity, price, amount in rows)


def _drafted(lines: Sequence[LineDraft], amounts: Sequence[Decimal]) -> LineFacts:
    return Counter(
        (line.product_code, line.quantity, line.unit_price, amount) for line, amount in zip(lines, amounts, strict=True)
    )
