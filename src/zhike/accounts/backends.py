"""Log-in by user name, in whatever case, and password."""

from typing import Any

from django.contrib.auth.backends import BaseBackend
from django.http import HttpRequest

from zhike.accounts import actors
from zhike.accounts.models import User


class PasswordBackend(BaseBackend):
    """Checks passwords, and brings a session's user with everything its actor needs in one query."""

    def authenticate(
        self, request: HttpRequest | None, username: str | None = None, password: str | None = None, **others: Any
    ) -> User | None:
        if username is None or password is None:
            return None
        try:
            user = User.objects.get_by_natural_key(username)
        except User.DoesNotExist:
            User().set_password(password)  # as slow as a wrong password, so that nobody learns which names exist
            return None
        is_person = user.kind == User.Kind.PERSON
        return user if user.check_password(password) and user.is_active and is_person else None

    def get_user(self, user_id: int) -> User | None:
        return actors.load_user(user_id=user_id)
