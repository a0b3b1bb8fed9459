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
    refund_key,
    refund_order,
    refunded_by,
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
    "refund_key",
    "refund_order",
    "refunded_by",
]
