from django.urls import path

from zhike.insight import views

urlpatterns = [
    path("", views.today, name="today"),
    path("insight/", views.insight, name="insight"),
    path("insight/refresh/", views.refresh, name="refresh_insight"),
    path("insight/customers/<int:pk>/why/", views.why, name="customer_why"),
]
