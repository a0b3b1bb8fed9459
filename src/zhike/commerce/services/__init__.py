"""Decisions about orders."""

from zhike.commerce.services.orders import (
    CREATE,
    AmountInexact,
    AmountTooLarge,
    CurrencyUnknown,
    CustomerUnknown,
    LineDraft,
    OrderAlreadyRefunded,
    OrderNumberTaken,
    RefundNotNegative,
    create_order,
    refund_order,
)

__all__ = [
    "CREATE",
    "AmountInexact",
    "AmountTooLarge",
    "CurrencyUnknown",
    "CustomerUnknown",
    "LineDraft",
    "OrderAlreadyRefunded",
    "OrderNumberTaken",
    "RefundNotNegative",
    "create_order",
    "refund_order",
]
