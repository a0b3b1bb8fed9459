"""Addresses of the pages about personal information."""

from django.urls import path

from zhike.privacy.views import consents, desk, erasures, inventory, processing

urlpatterns = [
    path("", desk.show_desk, name="privacy_desk"),
    path("requests/<int:pk>/", desk.show_request, name="show_request"),
    path("requests/<int:pk>/identity/", desk.check_identity, name="check_identity"),
    path("requests/<int:pk>/close/", desk.close_request, name="close_request"),
    path("requests/<int:pk>/erase/", desk.erase_person, name="erase_person"),
    path("requests/<int:pk>/correct/", desk.correct_person, name="correct_person"),
    path("requests/<int:pk>/propose/", desk.propose_correction, name="propose_correction"),
    path("requests/<int:pk>/proposals/<int:proposal>/", desk.decide_correction, name="decide_correction"),
    path("requests/<int:pk>/copy/", desk.download_copy, name="download_copy"),
    path("erasures/", erasures.show_erasures, name="erasures"),
    path("erasures/<int:pk>/", erasures.show_erasure, name="show_erasure"),
    path("erasures/<int:pk>/progress/", erasures.erasure_progress, name="erasure_progress"),
    path("customers/<int:pk>/consents/", consents.show_consents, name="show_consents"),
    path("customers/<int:pk>/minor/", consents.mark_minor, name="mark_minor"),
    path("withdraw/<str:token>/", consents.withdraw_consent, name="withdraw_consent"),
    path("processing/", processing.show_processing, name="processing"),
    path("processing/csv/", processing.download_processing, name="download_processing"),
    path("processing/purposes/new/", processing.edit_purpose, name="create_purpose"),
    path("processing/purposes/<int:pk>/", processing.edit_purpose, name="edit_purpose"),
    path("processing/retention/", processing.edit_rule, name="edit_rule"),
    path("inventory/", inventory.show_inventory, name="data_inventory"),
    path("inventory/csv/", inventory.download_inventory, name="download_inventory"),
]
