"""How much of a request's files is taken in, before the first byte of it is on the disk."""

from collections.abc import Mapping
from typing import IO, Any

from django.conf import settings
from django.core.files.uploadhandler import FileUploadHandler, SkipFile
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from zhike.core.actor import ANONYMOUS
from zhike.core.errors import DomainError

# What a form may hold beside its file.
BESIDE = 1 << 20
TOO_LARGE = "zhike_too_large"
# The web server keeps no more than the beginning of what whoever sends it may not leave here.
CUT = "zhike.body_is_cut"


class FileTooLarge(DomainError):
    code = "file_too_large"
    status = 413

    def __init__(self, name: str) -> None:
        said = {"file": name, "limit": settings.UPLOAD_MAX_BYTES >> 20}
        super().__init__(_("%(file)s is larger than the %(limit)s MB allowed; please split it") % said)


def check_size(request: HttpRequest) -> None:
    """:raises FileTooLarge: the request's form held a file that `BoundedUpload` did not take"""
    if name := too_large(request):
        raise FileTooLarge(name)


def too_large(request: HttpRequest) -> str:
    """The name of a file in the request's form that `BoundedUpload` did not take, for its size."""
    request.FILES  # noqa: B018 - reads the form, if nobody has yet
    return str(getattr(request, TOO_LARGE, ""))


class BoundedUpload(FileUploadHandler):
    """Lets no file in from strangers, nor more bytes in one request than a file may have.

    What is not taken is read and thrown away: a browser shows no answer to a request that it could not send whole.
    `StopUpload` would do so line by line, and a binary file may be a single line.
    """

    _announced = _taken = 0
    _is_cut = False

    def handle_raw_input(
        self,
        input_data: IO[bytes],
        META: Mapping[str, Any],
        content_length: int,
        boundary: str,
        encoding: str | None = None,
    ) -> None:
        self._announced = content_length
        self._is_cut = META.get(CUT, False)

    def new_file(self, *details: Any, **further: Any) -> None:
        super().new_file(*details, **further)
        if getattr(self.request, "actor", ANONYMOUS).user_id is None:
            raise SkipFile
        if self._is_cut or self._announced > settings.UPLOAD_MAX_BYTES + BESIDE:
            self._refuse()

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes:
        self._taken += len(raw_data)
        if self._taken > settings.UPLOAD_MAX_BYTES:
            self._refuse()
        return raw_data

    def file_complete(self, file_size: int) -> None:
        return None

    def _refuse(self) -> None:
        setattr(self.request, TOO_LARGE, self.file_name)
        raise SkipFile
