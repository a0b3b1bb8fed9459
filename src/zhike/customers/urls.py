"""Addresses of the customer pages."""

from django.urls import path

from zhike.customers.views import (
    activities,
    collaborators,
    creating,
    deleting,
    editing,
    exporting,
    filtering,
    history,
    listing,
    record,
)

urlpatterns = [
    path("", listing.list_customers, name="list_customers"),
    path("count/", listing.count_customers, name="count_customers"),
    path("filter/", filtering.edit_filter, name="edit_filter"),
    path("columns/", listing.choose_columns, name="choose_columns"),
    path("views/", listing.save_view, name="save_view"),
    path("views/<int:pk>/delete/", listing.delete_view, name="delete_view"),
    path("export/<str:kind>/", exporting.export_customers, name="export_customers"),
    path("new/", creating.create_customer, name="create_customer"),
    path("new/duplicates/", creating.hint_duplicates, name="hint_duplicates"),
    path("<int:pk>/", record.show_customer, name="show_customer"),
    path("delete/", deleting.delete_customers, name="delete_customers"),
    path("<int:pk>/delete/", deleting.delete_customer, name="delete_customer"),
    path("<int:pk>/header/", record.show_header, name="show_customer_header"),
    path("<int:pk>/time-line/", record.show_time_line, name="show_time_line"),
    path("<int:pk>/history/", history.show_history, name="show_customer_history"),
    path("<int:pk>/history/<int:entry>/", history.restore_from_history, name="restore_from_history"),
    path("<int:pk>/history/panel/", history.show_panel, name="show_history_panel"),
    path("<int:pk>/collaborators/", collaborators.show_collaborators, name="show_collaborators"),
    path("collaborators/<int:pk>/remove/", collaborators.remove_collaborator, name="remove_collaborator"),
    path("<int:pk>/activities/", activities.add_activity, name="add_activity"),
    path("<int:pk>/edit/<str:field>/", editing.edit_field, name="edit_field"),
    path("<int:pk>/identifiers/", editing.add_identifier, name="add_identifier"),
    path("identifiers/<int:pk>/", editing.change_identifier, name="change_identifier"),
    path("identifiers/<int:pk>/remove/", editing.remove_identifier, name="remove_identifier"),
    path("identifiers/<int:pk>/primary/", editing.make_primary, name="make_primary"),
    path("activities/<int:pk>/pin/", activities.pin_activity, name="pin_activity"),
    path("activities/<int:pk>/remove/", activities.remove_activity, name="remove_activity"),
    path("changes/<int:pk>/undo/", editing.undo_change, name="undo_change"),
]
