from django.urls import path

from zhike.audit.views import history, proofs

urlpatterns = [
    path("", history.show_history, name="history"),
    path("export.csv", history.export_history, name="export_history"),
    path("entries/<int:pk>/", history.show_entry, name="show_entry"),
    path("entries/<int:pk>/proof.json", proofs.download_proof, name="download_proof"),
    path("seals/", proofs.show_seals, name="seals"),
    path("seals/newest.json", proofs.download_head, name="download_head"),
    path("seals/check_proof.py", proofs.download_checker, name="download_checker"),
]
