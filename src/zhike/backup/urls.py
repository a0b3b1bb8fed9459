"""Addresses of the backups' page."""

from django.urls import path

from zhike.backup import views

urlpatterns = [path("", views.backups, name="backups")]
