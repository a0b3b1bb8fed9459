from django.urls import path

from zhike.recovery import views

urlpatterns = [
    path("", views.show_bin, name="bin"),
    path("restore/", views.restore_records, name="restore_records"),
    path("purge/", views.purge_records, name="purge_records"),
    path("batches/<uuid:batch>/restore/", views.restore_batch, name="restore_batch"),
]
