from django.urls import path

from zhike.audit import views

urlpatterns = [path("", views.show_history, name="history")]
