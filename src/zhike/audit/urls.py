from django.urls import path

from zhike.audit.views import history, proofs

urlpatterns = [
    path("", history.show_history, name="history"),
    path("seals/", proofs.show_seals, name="seals"),
    path("seals/newest.json", proofs.download_head, name="download_head"),
    path("seals/check_proof.py", proofs.download_checker, name="download_checker"),
]
