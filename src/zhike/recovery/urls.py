from django.urls import path

from zhike.recovery import set_pages, views

urlpatterns = [
    path("", views.show_bin, name="bin"),
    path("restore/", views.restore_records, name="restore_records"),
    path("purge/", views.purge_records, name="purge_records"),
    path("changes/<int:entry>/", set_pages.revert_changes, name="revert_changes"),
    path("reversals/<int:pk>/", set_pages.show_reversal, name="show_reversal"),
    path("reversals/<int:pk>/cancel/", set_pages.cancel_reversal, name="cancel_reversal"),
    path("batches/<uuid:batch>/restore/", views.restore_batch, name="restore_batch"),
]
