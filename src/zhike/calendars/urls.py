"""Addresses of the page about working days."""

from django.urls import path

from zhike.calendars import views

urlpatterns = [
    path("", views.working_days, name="working_days"),
    path("<int:pk>/remove/", views.remove_day, name="remove_special_day"),
]
