"""What every page's shell needs, computed only where a page shows the shell."""

from dataclasses import dataclass
from functools import cached_property

from django.http import HttpRequest
from django.utils.translation import get_language

from zhike.core.actor import ANONYMOUS, Actor
from zhike.core.http import wants_fragment
from zhike.ui import navigation
from zhike.ui.navigation import Link
from zhike.ui.strings import script_strings

HTML_LANGUAGES = {"zh-hans": "zh-Hans", "en": "en"}


@dataclass(frozen=True)
class Shell:
    """The frame around a page for one request."""

    request: HttpRequest

    @cached_property
    def actor(self) -> Actor:
        actor: Actor = getattr(self.request, "actor", ANONYMOUS)
        return actor

    @property
    def language(self) -> str:
        return get_language() or "zh-hans"

    @property
    def html_language(self) -> str:
        return HTML_LANGUAGES.get(self.language, self.language)

    @property
    def theme(self) -> str:
        return self.actor.theme

    @property
    def here(self) -> str:
        return self.request.get_full_path()

    @property
    def query(self) -> str:
        return self.request.GET.get("q", "")

    @property
    def initial(self) -> str:
        """What stands in for a portrait: the last character of a Chinese name, the first of any other."""
        name = self.actor.name.strip()
        if not name:
            return "?"
        return name[-1] if "\u4e00" <= name[-1] <= "\u9fff" else name[0].upper()

    @cached_property
    def rail(self) -> list[Link]:
        return self._links("rail")

    @cached_property
    def create(self) -> list[Link]:
        return self._links("create")

    @cached_property
    def person(self) -> list[Link]:
        return self._links("person")

    @property
    def layout(self) -> str:
        """What an error page extends: the house for those inside, the door for guests, nothing for a fragment."""
        if wants_fragment(self.request):
            return "ui/bare.html"
        return "ui/base.html" if self.actor.user_id else "ui/auth.html"

    @property
    def strings(self) -> dict[str, str]:
        return script_strings()

    @property
    def home_url(self) -> str:
        return navigation.route("home") or "/"

    @property
    def finder_url(self) -> str:
        return navigation.route("finder")

    @property
    def customers_url(self) -> str:
        return navigation.route("customers")

    @property
    def mentions_url(self) -> str:
        return navigation.route("mentions", self.actor)

    @property
    def mentions_count_url(self) -> str:
        return navigation.route("mentions_count", self.actor)

    @property
    def preferences_url(self) -> str:
        return navigation.route("preferences")

    @property
    def log_out_url(self) -> str:
        return navigation.route("log_out")

    def _links(self, section: navigation.Section) -> list[Link]:
        return navigation.list_links(section=section, actor=self.actor, path=self.request.path)


def shell(request: HttpRequest) -> dict[str, Shell]:
    return {"shell": Shell(request)}
