"""Addresses of portraits."""

from django.urls import path

from zhike.persona import views

urlpatterns = [path("", views.persona, name="persona")]
