"""Addresses of what is done to many customers."""

from django.urls import path

from zhike.bulk.views import acts, choosing

urlpatterns = [
    path("", acts.list_acts, name="list_acts"),
    path("choose/", choosing.choose_customers, name="choose_customers"),
    path("chosen/<int:pk>/", choosing.prepare_act, name="prepare_act"),
    path("chosen/<int:pk>/count/", choosing.count_chosen, name="count_chosen"),
    path("chosen/<int:pk>/preview/", choosing.preview_act, name="preview_act"),
    path("chosen/<int:pk>/start/", choosing.start_act, name="start_act"),
    path("<int:pk>/", acts.show_act, name="show_act"),
    path("<int:pk>/cancel/", acts.cancel_act, name="cancel_act"),
    path("<int:pk>/undo/", acts.undo_act, name="undo_act"),
]
