"""Whom a key speaks for."""

from django.http import HttpResponse
from ninja import Router

from zhike.core.api.responses import answer
from zhike.core.api.schemas import Output
from zhike.core.http import ActorRequest

router = Router(tags=["me"])


class Me(Output):
    """The key's owner. grants: permission to scope, one of own, team, team_and_below, all."""

    id: int
    name: str
    team_id: int | None
    locale: str
    zone: str
    grants: dict[str, str]


@router.get("/me", response=Me, operation_id="get_me", summary="Tell whose key this is")
def get_me(request: ActorRequest) -> HttpResponse:
    """Who the key's owner is and what they may do."""
    actor = request.actor
    return answer(
        {
            "id": actor.user_id,
            "name": actor.name,
            "team_id": actor.team_id,
            "locale": actor.locale,
            "zone": actor.zone,
            "grants": {permission: scope.name.lower() for permission, scope in actor.grants.items()},
        }
    )
