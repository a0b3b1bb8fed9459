from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class PersonaConfig(AppConfig):
    name = "zhike.persona"
    label = "persona"
    verbose_name = _("Persona")

    def ready(self) -> None:
        from zhike.customers import tagging
        from zhike.customers.models import VIEW
        from zhike.metadata import copies
        from zhike.persona.models import TagRule
        from zhike.ui import navigation

        tagging.add_source(lambda: TagRule.objects.values_list("tag_id", flat=True))
        copies.declare("persona_tagrule", copies.without_values("persona_tagrule"))
        navigation.register(
            navigation.NavItem(
                url_name="persona", label=_("Persona"), icon="id-badge-2", order=35, permission=VIEW, key="g r"
            )
        )
