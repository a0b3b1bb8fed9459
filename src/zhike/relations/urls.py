"""Addresses of the pages about relations."""

from django.urls import path

from zhike.relations.views import related

urlpatterns = [
    path("customers/<int:pk>/", related.show_relations, name="show_relations"),
    path("customers/<int:pk>/panel/", related.show_relations_panel, name="show_relations_panel"),
    path("customers/<int:pk>/seek/", related.seek_related, name="seek_related"),
    path("customers/<int:pk>/undo/<int:entry>/", related.undo_relation, name="undo_relation"),
    path("customers/<int:pk>/<int:relation>/", related.edit_relation, name="edit_relation"),
    path("customers/<int:pk>/<int:relation>/remove/", related.remove_relation, name="remove_relation"),
]
