"""Addresses of the pages about orders."""

from django.urls import path

from zhike.commerce import views

urlpatterns = [
    path("customers/<int:pk>/panel/", views.show_panel, name="show_orders_panel"),
    path("orders/<int:pk>/", views.show_order, name="show_order"),
    path("orders/<int:pk>/reveal/<str:field>/", views.reveal_order_field, name="reveal_order_field"),
]
