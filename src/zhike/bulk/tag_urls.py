"""Addresses of the list of tags."""

from django.urls import path

from zhike.bulk.views import tags

urlpatterns = [
    path("", tags.list_tags, name="list_tags"),
    path("new/", tags.create_tag, name="create_tag"),
    path("<int:pk>/", tags.edit_tag, name="edit_tag"),
    path("<int:pk>/merge/", tags.merge_tag, name="merge_tag"),
    path("<int:pk>/delete/", tags.delete_tag, name="delete_tag"),
    path("removals/<int:pk>/undo/", tags.undo_tag_removal, name="undo_tag_removal"),
]
