"""What records of each kind hold beyond what Zhike knows: fields that a company adds itself."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class MetadataConfig(AppConfig):
    name = "zhike.metadata"
    label = "metadata"
    verbose_name = _("Fields of records")

    def ready(self) -> None:
        from zhike.accounts.views.tabs import add_settings_tab
        from zhike.core import fields
        from zhike.core.access import declare
        from zhike.metadata import permissions
        from zhike.metadata.guarding import OwnFields

        declare(permissions.ALL)
        fields.provide(OwnFields())
        add_settings_tab("design_fields", _("Field design"))
