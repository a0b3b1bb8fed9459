"""Addresses of the pages about duplicates."""

from django.urls import path

from zhike.duplicates.views import comparing, merges

urlpatterns = [
    path("compare/", comparing.compare_customers, name="compare_customers"),
    path("customers/<int:pk>/panel/", comparing.show_duplicates_panel, name="show_duplicates_panel"),
    path("customers/<int:pk>/with/", comparing.choose_other, name="choose_other"),
    path("merges/<int:pk>/", merges.show_merge, name="show_merge"),
    path("merges/<int:pk>/undo/", merges.undo_merge, name="undo_merge"),
]
