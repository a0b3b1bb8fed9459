"""Files of the planted company: beside notes and in a field of its own."""

from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any

from django.conf import settings
from tests.policy.world import FILE_KEY, FILED, NOON, SIGHTED, WORKED_OUT, World

from zhike.accounts import services as accounts
from zhike.core import fields
from zhike.core.actor import SYSTEM
from zhike.customers import guarded, own_fields
from zhike.customers.models import Activity, Customer, CustomerFacts
from zhike.customers.services import entry_files, filling
from zhike.customers.services.attaching import Given
from zhike.exchange.files import thumbnails
from zhike.metadata.models import Kind
from zhike.metadata.services.definitions import create_field
from zhike.scores.models import ValueScore

PNG = b"\x89PNG\r\n\x1a\n"


def attach(world: World) -> None:
    """Put a file beside each note, and a picture with a thumbnail into a field of the company's own; the names and the
    contents of all of them tell what is closed.

    Who sees only so much of other fields sees no more of this one. Every second customer gets other figures.
    """
    create_field(actor=SYSTEM, at=NOON, record=guarded.RECORD, kind=Kind.FILE, label="Contract", key=FILE_KEY)
    known = own_fields.known_of(FILED)
    assert known is not None
    for name, levels in SIGHTED.items():
        for level in levels:
            highest = max(one for one in fields.get(known.path).levels if one <= level)
            role = world.users[name].roles.get(code=f"{name}-{level}")
            accounts.put_field_access(actor=SYSTEM, role=role, levels={known.path: highest})
    for number, one in enumerate(world.planted):
        told = f"note {one.name} of {one.phone}, {one.email}"
        about: dict[str, Any] = {"actor": SYSTEM, "customer_id": one.customer_id, "at": NOON}
        entry_files.put_file(activity_id=one.activity_id, file=_file(told), **about)
        _edit, file_id = filling.add_file(field=FILED, file=_file(told, PNG), **about)
        [path] = Path(settings.HOME.files_dir).rglob(f"*{file_id}.png")
        thumbnails.place_of(path).write_text(told)
        figures = WORKED_OUT[number % 2]
        for table in (CustomerFacts, ValueScore):
            assert table.objects.filter(customer=one.customer_id).update(**figures) == 1
        world.planted[number] = replace(one, file_id=file_id, grade=figures["grade"])


def _file(told: str, head: bytes = b"") -> Given:
    return Given(content=BytesIO(head + told.encode()), name=f"{told}.txt")


def files_of(world: World) -> list[str]:
    """Where the files lie that `attach` put there."""
    ids = [one.customer_id for one in world.planted]
    entries = Activity.objects.filter(customer__in=ids).exclude(file_path="").values_list("file_path", flat=True)
    held = Customer.objects.filter(pk__in=ids).values_list(f"custom__{FILE_KEY}", flat=True)
    return [*entries, *(one["path"] for ones in held for one in ones)]
