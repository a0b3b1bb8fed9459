"""Addresses of log-in, preferences, users, teams and roles."""

from django.contrib.auth.views import LoginView, LogoutView
from django.urls import path

urlpatterns = [
    path("log-in/", LoginView.as_view(template_name="accounts/log_in.html"), name="log_in"),
    path("log-out/", LogoutView.as_view(), name="log_out"),
]
