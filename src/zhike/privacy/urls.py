"""Addresses of the pages about personal information."""

from django.urls import path

from zhike.privacy.views import inventory

urlpatterns = [
    path("inventory/", inventory.show_inventory, name="data_inventory"),
    path("inventory/csv/", inventory.download_inventory, name="download_inventory"),
]
