"""Addresses of the pages about data quality."""

from django.urls import path

from zhike.quality.views import figures, fixing, rules, work

urlpatterns = [
    path("", work.quality, name="quality"),
    path("findings/<str:rule>/", work.list_findings, name="list_findings"),
    path("findings/<str:rule>/right/", fixing.say_findings_right, name="say_findings_right"),
    path("findings/<str:rule>/fix/", fixing.start_fix, name="start_quality_fix"),
    path("fixes/<int:pk>/", fixing.show_fix, name="show_fix"),
    path("fixes/<int:pk>/cancel/", fixing.cancel_fix, name="cancel_fix"),
    path("rules/", rules.quality_rules, name="quality_rules"),
    path("rules/new/", rules.create_quality_rule, name="create_quality_rule"),
    path("rules/<int:pk>/", rules.edit_quality_rule, name="edit_quality_rule"),
    path("rules/<int:pk>/remove/", rules.remove_quality_rule, name="remove_quality_rule"),
    path("figures/", figures.quality_figures, name="quality_figures"),
    path("figures/<str:record>/<str:field>/", figures.show_field_quality, name="show_field_quality"),
    path("run/", work.start_quality_run, name="start_quality_run"),
    path("run/progress/", work.quality_progress, name="quality_progress"),
]
