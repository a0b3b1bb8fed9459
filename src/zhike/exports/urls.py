"""Addresses of exports."""

from django.urls import path

from zhike.exports import schedule_views, views

urlpatterns = [
    path("", views.exports, name="exports"),
    path("new/<slug:kind>/", views.new_export, name="new_export"),
    path("schedules/", schedule_views.export_schedules, name="export_schedules"),
    path("schedules/new/<slug:kind>/", schedule_views.create_schedule, name="create_schedule"),
    path("schedules/<int:pk>/pause/", schedule_views.pause_schedule, name="pause_schedule"),
    path("schedules/<int:pk>/resume/", schedule_views.resume_schedule, name="resume_schedule"),
    path("schedules/<int:pk>/delete/", schedule_views.delete_schedule, name="delete_schedule"),
    path("<int:pk>/", views.show_export, name="show_export"),
    path("<int:pk>/file/", views.download_export, name="download_export"),
    path("<int:pk>/cancel/", views.cancel_export, name="cancel_export"),
    path("<int:pk>/remove/", views.remove_export, name="remove_export"),
    path("<int:pk>/share/", views.share_export, name="share_export"),
    path("<int:pk>/unshare/<int:user>/", views.unshare_export, name="unshare_export"),
]
