"""What becomes of a customer's parts when it is merged into another one."""

from zhike.core.merging import ByService, Combine, Move, Single, Stay, declare
from zhike.customers.models import (
    Activity,
    Collaborator,
    CustomerFacts,
    CustomerSearch,
    CustomerTag,
    Identifier,
    SealedValue,
)
from zhike.customers.services import sealing


def register() -> None:
    declare(Collaborator, "customer", Move(alike=("user_id",), collide=Combine(highest=("may_edit",))))
    declare(CustomerSearch, "customer", Stay(reason="Written anew for the survivor."))
    declare(
        CustomerFacts,
        "customer",
        Move(
            collide=Combine(
                sums=("order_count", "amount"), lowest=("first_order_on",), highest=("last_order_on", "as_of", "run_id")
            )
        ),
    )
    declare(
        Identifier,
        "customer",
        Move(alike=("kind", "system", "value_normal"), single=Single(flag="is_primary", within=("kind",))),
    )
    declare(SealedValue, "customer", ByService(merge=sealing.merge_sealed, undo=sealing.undo_merge))
    declare(CustomerTag, "customer", Move(alike=("tag_id",)))
    declare(Activity, "customer", Move())
