"""Addresses of the pages about orders."""

from django.urls import path

from zhike.commerce import restoring_views, views

urlpatterns = [
    path("customers/<int:pk>/panel/", views.show_panel, name="show_orders_panel"),
    path("orders/<int:pk>/", views.show_order, name="show_order"),
    path("products/<int:pk>/", views.show_product, name="show_product"),
    path("orders/<int:pk>/delete/", restoring_views.delete_order, name="delete_order"),
    path("orders/<int:pk>/history/", restoring_views.show_history, name="show_order_history"),
    path("orders/<int:pk>/history/<int:entry>/", restoring_views.restore_order, name="restore_order"),
    path("orders/<int:pk>/reveal/<str:field>/", views.reveal_order_field, name="reveal_order_field"),
]
