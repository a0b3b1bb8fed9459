"""What customer records hold about people: nearly everything."""

from typing import Any

from django.utils.translation import gettext_lazy as _

from zhike.core.personal import Class, Holding, Place, Traces, classify, hold, look_in
from zhike.customers.models import (
    Activity,
    Collaborator,
    Customer,
    CustomerFacts,
    CustomerSearch,
    CustomerTag,
    Identifier,
    Mention,
    PanelArrangement,
    SealedValue,
    Tag,
)
from zhike.customers.sealed import open_sealed
from zhike.customers.services import attaching, sweeping
from zhike.exchange.models import ImportChange

classify(
    Customer,
    Class.PERSONAL,
    {
        Class.CONTACT: ("name", "name_normal", "name_pinyin"),
        Class.PERSONAL: ("country", "province", "city"),
        Class.FREE: ("note", "custom"),
        Class.NONE: ("id", "channel", "version", "import_id", "changed_xid"),
    },
)
classify(
    Identifier,
    Class.NONE,
    {Class.CONTACT: ("value", "value_normal"), Class.NONE: ("system", "source"), Class.PERSONAL: ("customer",)},
)
classify(SealedValue, Class.SENSITIVE, {Class.SECRET: ("sealed", "blind_index"), Class.NONE: ("field",)})
classify(CustomerSearch, Class.CONTACT, {Class.CONTACT: ("text", "grams")})
classify(CustomerFacts, Class.DERIVED)
classify(Activity, Class.PERSONAL, {Class.FREE: ("text", "file_name"), Class.NONE: ("file_path",)})
classify(CustomerTag, Class.PERSONAL)
classify(Tag, Class.NONE, {Class.FREE: ("name",), Class.NONE: ("tone",)})
classify(Collaborator, Class.STAFF)
classify(Mention, Class.STAFF)
classify(PanelArrangement, Class.STAFF, {Class.NONE: ("page", "order", "hidden")})


def register() -> None:
    held = [
        Holding(model=ImportChange, path="row_id", label=_("Undo data of imports"), order=10, erase=_forget_undo,
                is_copied=False),
        Holding(model=CustomerSearch, path="customer", label=_("Search pieces"), order=20, is_copied=False),
        Holding(model=CustomerFacts, path="customer", label=_("Grade, stage and figures"), order=20, is_theirs=False),
        Holding(model=Mention, path="activity__customer", label=_("Mentions"), order=15, is_copied=False),
        Holding(model=Collaborator, path="customer", label=_("Collaborators"), order=20, is_copied=False),
        Holding(model=CustomerTag, path="customer", label=_("Tags"), order=20, is_theirs=False),
        Holding(model=Activity, path="customer", label=_("Activities"), order=20, is_theirs=False,
                erase=attaching.erase_with_files),
        Holding(model=SealedValue, path="customer", label=_("Encrypted fields"), order=20, tell=_tell_sealed),
        Holding(model=Identifier, path="customer", label=_("Identifiers"), order=20),
        Holding(model=Customer, path="pk", label=_("Customer record"), order=100, erase=attaching.erase_customer),
    ]  # fmt: skip
    for one in held:
        hold(one)
    files = Place(
        name="customers.files",
        label=_("Files beside entries and in fields"),
        order=10,
        sweep=_sweep_files,
        search=_search_files,
    )
    look_in(files)


def _tell_sealed(customer_id: int) -> list[dict[str, Any]]:
    """In the clear, for the person's own copy."""
    rows = SealedValue.objects.filter(customer=customer_id).order_by("pk")
    values = {row.field: open_sealed(row.field, customer_id, row.sealed, row.key_id) for row in rows}
    return [values] if values else []


def _forget_undo(customer_id: int) -> int:
    """What the rows looked like before imports changed them; an undo then finds nothing to restore here."""
    count = 0
    tables: tuple[Any, ...] = (Customer, Identifier, CustomerTag, Activity, SealedValue)
    for model in tables:
        path = "pk" if model is Customer else "customer"
        rows = model._default_manager.filter(**{path: customer_id}).values("pk")
        count += ImportChange.objects.filter(table=model._meta.db_table, row_id__in=rows).delete()[0]
    return count


def _sweep_files(traces: Traces) -> int:
    """What was given for the person and is still there, for example of entries that were taken back."""
    found = list(sweeping.list_files_of(traces.customer_ids))
    for path in found:
        path.unlink(missing_ok=True)
    return len(found)


def _search_files(traces: Traces) -> int:
    return len(list(sweeping.list_files_of(traces.customer_ids)))
