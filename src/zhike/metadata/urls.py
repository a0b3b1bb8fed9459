"""Addresses of the pages about fields of records."""

from django.urls import path

from zhike.metadata import formula_views, kind_views, section_views, views

urlpatterns = [
    path("", views.design_fields, name="design_fields"),
    path("of/<str:record>/", views.design_fields, name="design_fields_of"),
    path("of/<str:record>/new/", views.create_field, name="create_own_field"),
    path("of/<str:record>/formula/", formula_views.check_formula, name="check_formula"),
    path("of/<str:record>/sections/new/", section_views.create_section, name="create_section"),
    path("<int:pk>/", views.edit_field, name="edit_own_field"),
    path("<int:pk>/kind/", kind_views.change_kind, name="change_kind"),
    path("<int:pk>/archive/", views.archive_field, name="archive_own_field"),
    path("of/<str:record>/arrange/", views.arrange_fields, name="arrange_own_fields"),
    path("<int:pk>/move/", views.move_field, name="move_own_field"),
    path("sections/<int:pk>/", section_views.edit_section, name="edit_section"),
    path("sections/<int:pk>/remove/", section_views.remove_section, name="remove_section"),
    path("sections/<int:pk>/move/", section_views.move_section, name="move_section"),
]
