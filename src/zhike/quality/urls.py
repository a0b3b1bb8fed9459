"""Addresses of the pages about data quality."""

from django.urls import path

from zhike.quality.views import figures, work

urlpatterns = [
    path("", work.quality, name="quality"),
    path("findings/<str:rule>/", work.list_findings, name="list_findings"),
    path("figures/", figures.quality_figures, name="quality_figures"),
    path("figures/<str:record>/<str:field>/", figures.show_field_quality, name="show_field_quality"),
    path("run/", work.start_quality_run, name="start_quality_run"),
    path("run/progress/", work.quality_progress, name="quality_progress"),
]
