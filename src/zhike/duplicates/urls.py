"""Addresses of the pages about duplicates."""

from django.urls import path

from zhike.duplicates.views import comparing, merges, queue

urlpatterns = [
    path("", queue.duplicates, name="duplicates"),
    path("pairs/<int:pk>/", queue.review_pair, name="review_pair"),
    path("pairs/<int:pk>/open/", queue.open_pair, name="open_pair"),
    path("imports/<int:pk>/panel/", queue.show_import_duplicates, name="show_import_duplicates"),
    path("scan/", queue.start_scan, name="start_scan"),
    path("scan/progress/", queue.scan_progress, name="scan_progress"),
    path("rules/", queue.merge_rules, name="merge_rules"),
    path("compare/", comparing.compare_customers, name="compare_customers"),
    path("customers/<int:pk>/panel/", comparing.show_duplicates_panel, name="show_duplicates_panel"),
    path("customers/<int:pk>/with/", comparing.choose_other, name="choose_other"),
    path("merges/<int:pk>/", merges.show_merge, name="show_merge"),
    path("merges/<int:pk>/undo/", merges.undo_merge, name="undo_merge"),
]
