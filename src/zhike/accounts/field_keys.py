"""The keys of encrypted fields: which there are, opened once a process."""

from collections import Counter
from collections.abc import Callable, Collection
from datetime import datetime
from functools import cache

from django.db import transaction
from django.db.models import ProtectedError
from django.db.utils import IntegrityError
from django.utils.timezone import now

from zhike.accounts.models import FieldKey
from zhike.core import envelope

Use = FieldKey.Use


def newest(use: str) -> FieldKey:
    """The key that is used from now on; the first is made on first use."""
    # Shared with whoever else writes, and against whoever would delete it before this transaction is over.
    query = "SELECT * FROM accounts_fieldkey WHERE use = %s ORDER BY id DESC LIMIT 1 FOR KEY SHARE"
    return next(iter(FieldKey.objects.raw(query, [use])), None) or make(use, at=now())


def newest_known(use: str) -> FieldKey | None:
    """The same, where there is one already."""
    return FieldKey.objects.filter(use=use).order_by("-pk").first()


def make(use: str, *, at: datetime) -> FieldKey:
    return FieldKey.objects.create(use=use, wrapped=envelope.wrap(envelope.new_key()), created_at=at)


def open_key(key_id: int) -> bytes:
    """The key itself.

    :raises zhike.core.envelope.MasterKeyMissing: the master key is another one
    :raises FieldKey.DoesNotExist: it was retired
    """
    return _opened(key_id)


@cache
def _opened(key_id: int) -> bytes:
    return envelope.unwrap(bytes(FieldKey.objects.values_list("wrapped", flat=True).get(pk=key_id)))


def list_open(use: str) -> list[tuple[int, bytes]]:
    """All keys of a use, the newest first: while keys are renewed, several are in force."""
    ids = FieldKey.objects.filter(use=use).order_by("-pk").values_list("pk", flat=True)
    return [(key_id, open_key(key_id)) for key_id in ids]


@transaction.atomic
def rewrap() -> int:
    """Wrap every data key by the present master key; how many were not."""
    old = [key for key in FieldKey.objects.select_for_update() if not envelope.is_current(bytes(key.wrapped))]
    for key in old:
        key.wrapped = envelope.wrap(envelope.unwrap(bytes(key.wrapped)))
        key.save(update_fields=["wrapped"])
    return len(old)


def count_by_master() -> dict[str, int]:
    """How many data keys each master key opens, by its id; under an empty one those that none of them opens."""
    return dict(Counter(envelope.opener_of(bytes(key.wrapped)) for key in FieldKey.objects.all()))


def retire(*, before: FieldKey, outside: Callable[[], Collection[int]]) -> int:
    """Delete older keys of this use that nothing is sealed under any more; how many went.

    outside: keys that something outside their tables needs, asked once nobody can take another one. What somebody is
    writing at this moment under an old key holds it by its foreign key.
    """
    gone = 0
    for pk in FieldKey.objects.filter(use=before.use, pk__lt=before.pk).values_list("pk", flat=True):
        try:
            with transaction.atomic():
                key = FieldKey.objects.select_for_update().get(pk=pk)
                if pk in outside():
                    continue
                key.delete()
        except (ProtectedError, IntegrityError):
            continue
        gone += 1
    return gone
