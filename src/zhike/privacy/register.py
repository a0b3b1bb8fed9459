"""Collects what every app says in its `personal.py`, and adds the places that belong to no app."""

from importlib import import_module
from pathlib import Path

from django.apps import apps
from django.conf import settings
from django.utils.module_loading import module_has_submodule
from django.utils.translation import gettext_lazy as _

from zhike.core import raw_files
from zhike.core.personal import Place, Traces, look_in
from zhike.privacy import scrubbing, tables

MODULE = "personal"


def register_all() -> None:
    """By name, because this app is below most of those that have something to say."""
    for config in apps.get_app_configs():
        if config.module is not None and module_has_submodule(config.module, MODULE):
            import_module(f"{config.name}.{MODULE}").register()
    look_in(
        Place(
            name="privacy.free_text",
            label=_("Free text in other records"),
            order=30,
            sweep=tables.mask_free_text,
            search=None,
        )
    )
    statistics = _("Statistics of the database")
    look_in(
        Place(
            name="privacy.statistics",
            label=statistics,
            order=950,
            sweep=scrubbing.sweep_statistics,
            search=scrubbing.count_in_statistics,
        )
    )
    look_in(
        Place(
            name="privacy.logs",
            label=_("Log files"),
            order=40,
            sweep=lambda traces: sum(raw_files.cover_in(path, traces.telling) for path in _logs()),
            search=_search_logs,
        )
    )


def _logs() -> list[Path]:
    return sorted(path for path in Path(settings.HOME.logs_dir).rglob("*") if path.is_file())


def _search_logs(traces: Traces) -> int:
    return sum(raw_files.count_in(path, traces.telling) for path in _logs())
