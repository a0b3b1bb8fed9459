"""Every page is reached at its own address: none stands in another's way."""

import re
from collections.abc import Iterator

from django.urls import URLPattern, URLResolver, get_resolver, resolve

EXAMPLES = {"int": "7", "str": "some", "slug": "some", "uuid": "9d1f3a52-65a4-4f0c-8f3b-0b2a7c1d4e5f", "path": "some"}
_PART = re.compile(r"<(?:(\w+):)?\w+>")


def walk(resolver: URLResolver, prefix: str = "") -> Iterator[tuple[str, URLPattern]]:
    for pattern in resolver.url_patterns:
        path = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from walk(pattern, path)
        elif not path.startswith(("^", "api/v1/")):
            yield "/" + _PART.sub(lambda part: EXAMPLES[part[1] or "str"], path), pattern


def test_no_page_stands_at_the_address_of_another() -> None:
    shadowed = {
        address: f"{pattern.name} is hidden by {resolve(address).view_name}"
        for address, pattern in walk(get_resolver())
        if resolve(address).func is not pattern.callback
    }
    assert not shadowed
