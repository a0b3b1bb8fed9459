"""The search box over the API."""

from typing import Annotated, Literal

from django.http import HttpResponse
from django.utils.timezone import now
from django.utils.translation import gettext as _
from ninja import Query, Router
from pydantic import Field

from zhike.core.api.responses import answer
from zhike.core.api.schemas import Input, Output, Text
from zhike.core.http import ActorRequest
from zhike.core.lists.grammar import FilterInvalid
from zhike.finder import selectors

router = Router(tags=["search"])
MOST = 50


class FoundOut(Output):
    """id: of the record, null where it is a page. match: how well it answers; `alike` is spelt otherwise.

    url: the page in Zhike, from the root of its address.
    """

    id: int | None
    title: str
    detail: str
    url: str
    match: Literal["exact", "start", "within", "alike"]


class GroupOut(Output):
    kind: str
    label: str
    items: list[FoundOut]


class FoundGroups(Output):
    groups: list[GroupOut]


class SearchIn(Input):
    """q: never an ID number; those are asked for by `find_by_id_number`. kind: only these kinds."""

    q: Annotated[Text, Field(min_length=1, max_length=selectors.MAX_TYPED)]
    kind: Annotated[list[Annotated[Text, Field(max_length=40)]], Field(max_length=20)] = []
    limit: Annotated[int, Field(ge=1, le=MOST)] = 6


@router.get("/search", response=FoundGroups, operation_id="search", summary="Search everything")
def search(request: ActorRequest, where: Query[SearchIn]) -> HttpResponse:
    """Whatever the key's owner sees: by name, pinyin or initials, in either script, by pieces of numbers, and by other
    spellings where little is found. What the owner opened lately and often comes first among equals.
    """
    typed = selectors.clean(where.q)
    if selectors.is_private(typed):
        raise FilterInvalid(_("ID numbers stand in no address. Send them to customers-by-id-number."))
    groups = selectors.find(actor=request.actor, typed=typed, at=now(), limit=where.limit, kinds=where.kind)
    return answer(
        {
            "groups": [
                {
                    "kind": group.kind.key,
                    "label": str(group.kind.label),
                    "items": [
                        {
                            "id": one.record_id,
                            "title": one.title,
                            "detail": one.field + one.detail,
                            "url": one.url,
                            "match": one.rank.name.lower(),
                        }
                        for one in group.found
                    ],
                }
                for group in groups
            ]
        }
    )
