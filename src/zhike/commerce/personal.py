"""What purchases hold about people. Orders have to be kept for the books, so they stay, as nobody's."""

from django.db import connection
from django.utils.translation import gettext_lazy as _

from zhike.commerce.models import Order, OrderLine, Product
from zhike.commerce.services.bin import forget_buyer
from zhike.core.personal import Class, Holding, classify, hold
from zhike.exchange.models import ImportChange

classify(
    Order,
    Class.NONE,
    {
        Class.PERSONAL: ("customer", "placed_at", "total_amount"),
        Class.NONE: ("source", "key", "number", "currency", "channel", "store"),
    },
)
classify(OrderLine, Class.NONE, {Class.PERSONAL: ("product", "quantity")})
classify(Product, Class.NONE, {Class.NONE: ("source", "code", "name", "category")})


def register() -> None:
    hold(
        Holding(
            model=Order,
            path="customer",
            label=_("Orders"),
            order=50,
            erase=_forget_buyer,
            is_business=True,
            stays=_("Orders stay for the books, without the buyer: counted as anonymous."),
        )
    )


def _forget_buyer(customer_id: int) -> int:
    """A key that was made from the customer's id gets the order's own id in its place: no two are the same then."""
    changes = ImportChange.objects.filter(table=Order._meta.db_table, before__customer_id=customer_id)
    for change in changes:
        change.before["customer_id"] = None
        change.save(update_fields=["before"])
    binned = forget_buyer(customer_id)
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE commerce_order SET customer_id = NULL,"
            " key = CASE WHEN starts_with(key, '#' || %(id)s || '|') THEN '#erased|' || id ELSE key END"
            " WHERE customer_id = %(id)s",
            {"id": customer_id},
        )
        return binned + int(cursor.rowcount)
