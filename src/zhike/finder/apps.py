from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class FinderConfig(AppConfig):
    name = "zhike.finder"
    label = "finder"
    verbose_name = _("Search")

    def ready(self) -> None:
        from zhike.core import finder
        from zhike.finder import places
        from zhike.ui.navigation import use_route

        finder.register(places.KIND)
        use_route("finder", "find")
