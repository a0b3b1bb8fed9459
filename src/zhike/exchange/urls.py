"""Addresses of imports."""

from django.urls import path

from zhike.exchange import views

urlpatterns = [
    path("", views.imports, name="imports"),
    path("upload/", views.start_import, name="start_import"),
    path("<int:pk>/", views.show_import, name="show_import"),
    path("<int:pk>/columns/", views.put_mapping, name="put_mapping"),
    path("<int:pk>/progress/", views.import_progress, name="import_progress"),
    path("<int:pk>/apply/", views.apply_import, name="apply_import"),
    path("<int:pk>/cancel/", views.cancel_import, name="cancel_import"),
    path("<int:pk>/undo/", views.undo_import, name="undo_import"),
    path("<int:pk>/refused/", views.download_refused, name="download_refused"),
]
