"""Migrations of an empty database, without making all models anew for each of them.

Django renders the models that stand in any relation to the one which a migration changes, and with people and customers
nearly all of them do: five thousand classes until an instance had its tables, most of the time that its first start
took. What a step writes into an empty database depends on the changed model alone.
"""

from typing import Any

from django.core.management import call_command
from django.db import connections, models
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.state import ModelState, ProjectState


class SparingState(ProjectState):
    """Renders what a step has changed, and not what refers to it.

    Models that stay as they were go on referring to the class of before, whose table and key are the same. Steps that
    change what others refer to are left to Django, and code of migrations gets all models rendered anew, as it does
    wherever Django itself puts some of that off (`is_delayed`).
    """

    _is_new = False  # whether what is added is nothing that anybody refers to yet

    def add_model(self, model_state: ModelState) -> None:
        self._is_new = True
        super().add_model(model_state)
        self._is_new = False

    def add_field(
        self, app_label: str, model_name: str, name: str, field: "models.Field[Any, Any]", preserve_default: bool
    ) -> None:
        self._is_new = True
        super().add_field(app_label, model_name, name, field, preserve_default)
        self._is_new = False

    def _find_reload_model(self, app_label: str, model_name: str, delay: bool = False) -> set[tuple[str, str]]:
        if not (delay or self._is_new):
            django: Any = super()
            found: set[tuple[str, str]] = django._find_reload_model(app_label, model_name, delay)
            return found
        self.is_delayed = True
        return {(app_label, model_name)}


def migrate(database: str) -> None:
    """Apply all migrations that the database lacks."""
    executor = MigrationExecutor(connections[database])
    if not executor.loader.applied_migrations:
        targets = executor.loader.graph.leaf_nodes()
        executor.migrate(targets, state=SparingState(real_apps=executor.loader.unmigrated_apps))
    # Whatever the signals of Django's command do is left to it.
    call_command("migrate", database=database, interactive=False, verbosity=0)
