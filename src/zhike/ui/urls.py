"""The style guide; config includes it only where DEBUG is on."""

from django.urls import path

from zhike.ui import views

urlpatterns = [
    path("", views.style_guide, name="style_guide"),
    path("panel/<int:pk>/", views.sample_panel, name="style_guide_panel"),
    path("edit/", views.sample_edit, name="style_guide_edit"),
    path("value/", views.sample_value, name="style_guide_value"),
    path("toast/", views.sample_toast, name="style_guide_toast"),
    path("upload/", views.sample_upload, name="style_guide_upload"),
    path("door/", views.sample_door, name="style_guide_door"),
]
