"""Tags that something else than people gives and takes, told by the apps above that do."""

from collections.abc import Callable, Iterable

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from zhike.customers.models import Tag

_sources: list[Callable[[], Iterable[int]]] = []


def add_source(source: Callable[[], Iterable[int]]) -> None:
    """source: the ids of tags that people cannot give or take by hand."""
    _sources.append(source)


def require_by_hand(names: Iterable[str]) -> None:
    """
    :raises ValidationError: one of these tags follows a rule
    """
    kept = {pk for source in _sources for pk in source()}
    found = Tag.objects.filter(pk__in=kept, name__in=set(names)).order_by("name").first() if kept else None
    if found is not None:
        raise ValidationError({"tags": _("“%(tag)s” is given and taken by a rule.") % {"tag": found}})
