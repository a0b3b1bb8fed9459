"""Tags as people look for them."""

from zhike.customers.models import Tag

FEW = 12


def suggest_tags(*, typed: str) -> list[str]:
    """A few that begin with what is typed, then those that hold it; the words themselves are everybody's."""
    word = typed.strip()[:50]
    if not word or "\0" in word:
        return []
    names = Tag.objects.order_by("name").values_list("name", flat=True)
    found = list(names.filter(name__istartswith=word)[:FEW])
    if len(found) < FEW:
        found += names.filter(name__icontains=word).exclude(name__istartswith=word)[: FEW - len(found)]
    return found
