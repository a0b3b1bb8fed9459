"""Settings: everything that differs between instances comes from the environment and the home folder."""

import os
import re
from datetime import timedelta
from importlib.metadata import distribution
from pathlib import Path

from django.utils.csp import CSP

from zhike.runtime.database import resolve
from zhike.runtime.home import Home
from zhike.runtime.log_lines import FORMATS
from zhike.runtime.mail import mail_server
from zhike.runtime.problems import EnvironmentProblem

HOME = Home.current()
PACKAGE = Path(__file__).resolve().parent.parent

DEBUG = os.environ.get("ZHIKE_DEBUG") == "1"
SECRET_KEY = HOME.secret("django")
ALLOWED_HOSTS = os.environ.get("ZHIKE_HOSTS", "127.0.0.1,localhost,[::1]").split(",")

INSTALLED_APPS = [
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.postgres",
    "procrastinate.contrib.django",
    "zhike.ui",
    "zhike.audit",
    "zhike.accounts",
    "zhike.finder",
    "zhike.recovery",
    "zhike.calendars",
    "zhike.metadata",
    "zhike.exchange",
    "zhike.exports",
    "zhike.customers",
    "zhike.relations",
    "zhike.privacy",
    "zhike.bulk",
    "zhike.duplicates",
    "zhike.persona",
    "zhike.commerce",
    "zhike.scores",
    "zhike.quality",
    "zhike.insight",
    "zhike.backup",
    # Last, so that our pages and our words stand in place of theirs.
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
]

# Imported when a task is queued or run, not whenever anything starts: together they import half of the product.
PROCRASTINATE_AUTODISCOVER_MODULE_NAME = ""
PROCRASTINATE_IMPORT_PATHS = [f"zhike.{file.parent.name}.tasks" for file in sorted(PACKAGE.glob("*/tasks.py"))]

MIDDLEWARE = [
    "zhike.core.proxies.ForwardedMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "django.middleware.csp.ContentSecurityPolicyMiddleware",
    "zhike.core.headers.HeadersMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "zhike.metadata.middleware.DesignMiddleware",
    "zhike.accounts.middleware.ActorMiddleware",
    "zhike.accounts.rates.RateMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "zhike.accounts.middleware.LoginRequiredMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "zhike.duplicates.following.FollowMiddleware",
    "zhike.core.gone.GoneMiddleware",
    "zhike.finder.middleware.VisitMiddleware",
]

ROOT_URLCONF = "zhike.config.urls"
WSGI_APPLICATION = "zhike.config.wsgi.application"
AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["zhike.accounts.backends.PasswordBackend"]
SILENCED_SYSTEM_CHECKS = [
    "auth.W004",  # user names are unique in the database, whatever their case
    "mail.W001",  # an instance without a mail server sends none, and says so where it would
]
LOGIN_URL = "log_in"
LOGIN_REDIRECT_URL = "/"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.csp",
                "django.contrib.messages.context_processors.messages",
                "zhike.ui.context.shell",
            ],
        },
    },
]


def _database(address: str) -> dict[str, object]:
    return {"ENGINE": "zhike.core.postgresql", **connection_settings(address)}


def connection_settings(address: str) -> dict[str, object]:
    """Django's fields of a postgresql:// address, psycopg's own parser doing the reading."""
    from psycopg.conninfo import conninfo_to_dict

    parts = conninfo_to_dict(address)
    names = {"host": "HOST", "port": "PORT", "user": "USER", "password": "PASSWORD", "dbname": "NAME"}
    fields: dict[str, object] = {django: str(parts.pop(libpq, "")) for libpq, django in names.items()}
    return {**fields, "OPTIONS": parts}


_urls = resolve(HOME)
DATABASES = {
    "default": {**_database(_urls.app), "CONN_MAX_AGE": 600, "CONN_HEALTH_CHECKS": True},
    "owner": _database(_urls.owner),
}

AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "zhike.accounts.passwords.StrengthValidator"},
    {"NAME": "zhike.accounts.breaches.BreachedValidator"},
]
BREACHED_PASSWORDS = os.environ.get("ZHIKE_BREACHED_PASSWORDS", "")  # a file of Pwned Passwords, ordered by hash

PASSWORD_HASHERS = [
    "zhike.accounts.hashers.Argon2Hasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",  # what older instances stored; renewed at the next log-in
]

# Attempts are counted by zhike.accounts.services.attempts, in the database that all processes share.
# How many masked values a person may see in full on a day.
REVEALS_PER_DAY = int(os.environ.get("ZHIKE_REVEALS_PER_DAY", "50"))

ACCOUNT_RATE_LIMITS = MFA_RATE_LIMITS = False
ACCOUNT_ADAPTER = "zhike.accounts.adapters.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_REAUTHENTICATION_TIMEOUT = 600
ACCOUNT_FORMS = {"reauthenticate": "zhike.accounts.forms.ConfirmByPassword"}
MFA_ADAPTER = "zhike.accounts.adapters.FactorAdapter"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_FORMS = {
    "authenticate": "zhike.accounts.factor_forms.Code",
    "reauthenticate": "zhike.accounts.factor_forms.ConfirmByCode",
    "activate_totp": "zhike.accounts.factor_forms.FirstCode",
    "add_webauthn": "zhike.accounts.factor_forms.NewPasskey",
    "login_webauthn": "zhike.accounts.factor_forms.PasskeyLogIn",
}
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_RECOVERY_CODES_SHOW_ONCE = True
MFA_TOTP_TOLERANCE = 1
MFA_TOTP_ISSUER = "Zhike"
MFA_ALLOW_UNVERIFIED_EMAIL = True  # addresses are told by administrators, and nothing is sent to them


def _sign_on() -> dict[str, str] | None:
    """The company's OpenID Connect provider, where the environment names one. role: whom newcomers are made, or ""."""
    issuer = os.environ.get("ZHIKE_OIDC_ISSUER", "").rstrip("/")
    if not issuer:
        return None
    secret_file = os.environ.get("ZHIKE_OIDC_SECRET_FILE", "")
    return {
        "id": "company",
        "name": os.environ.get("ZHIKE_OIDC_NAME", "") or "SSO",
        "issuer": issuer,
        "client_id": os.environ.get("ZHIKE_OIDC_CLIENT_ID", "zhike"),
        "secret": Path(secret_file).read_text(encoding="utf-8").strip() if secret_file else "",
        "role": os.environ.get("ZHIKE_OIDC_NEW_USERS_ROLE", ""),
    }


SIGN_ON = _sign_on()
SOCIALACCOUNT_ADAPTER = "zhike.accounts.sign_on.SignOnAdapter"
SOCIALACCOUNT_LOGIN_ON_GET = True  # a form may not lead to another host; our view refuses what other sites start
SOCIALACCOUNT_AUTO_SIGNUP = False
SOCIALACCOUNT_PROVIDERS: dict[str, dict[str, list[dict[str, object]]]] = {"openid_connect": {"APPS": []}}
if SIGN_ON:
    SOCIALACCOUNT_PROVIDERS["openid_connect"]["APPS"] = [
        {
            "provider_id": SIGN_ON["id"],
            "name": SIGN_ON["name"],
            "client_id": SIGN_ON["client_id"],
            "secret": SIGN_ON["secret"],
            "settings": {"server_url": SIGN_ON["issuer"], "oauth_pkce_enabled": True},
        }
    ]

LANGUAGE_CODE = "zh-hans"
LANGUAGES = [("zh-hans", "简体中文"), ("en", "English")]
LOCALE_PATHS = [PACKAGE / "core" / "locale"]  # the kernel is no app, yet its refusals are for people
TIME_ZONE = os.environ.get("ZHIKE_ZONE", "Asia/Shanghai")
USE_TZ = True

PROXY_COUNT = int(os.environ.get("ZHIKE_PROXIES", "0"))  # how many of our own proxies stand between us and clients
PROXY_NETWORKS = os.environ.get("ZHIKE_PROXY_NETWORKS", "127.0.0.0/8,::1/128").split(",")  # where the last of them is
# What this instance itself may ask besides public addresses: networks of the house, for example of its sign-on.
OUTGOING_NETWORKS = [one for one in os.environ.get("ZHIKE_OUTGOING_NETWORKS", "").split(",") if one]
OUTGOING_HOSTS = [one.strip() for one in os.environ.get("ZHIKE_OUTGOING_HOSTS", "").split(",") if one.strip()]
OUTGOING_CA_FILE = os.environ.get("ZHIKE_CA_FILE", "")  # certificates to trust in place of the public ones
_mail = mail_server(os.environ)
MAIL_FROM = _mail.sender if _mail else ""
MAILERS = {"default": {"BACKEND": "zhike.core.mail.Backend", "OPTIONS": _mail.options()}} if _mail else {}

# Where signed heads of the history go besides the file: they show what somebody with all keys of this machine changed.
AUDIT_MAIL_TO = [one.strip() for one in os.environ.get("ZHIKE_AUDIT_MAIL_TO", "").split(",") if one.strip()]
AUDIT_MAIL_HOURS = float(os.environ.get("ZHIKE_AUDIT_MAIL_HOURS", "24"))
AUDIT_URL = os.environ.get("ZHIKE_AUDIT_URL", "")
AUDIT_URL_TOKEN_FILE = os.environ.get("ZHIKE_AUDIT_URL_TOKEN_FILE", "")
# How many whole months of the history are kept; 0 is for ever. The law (网络安全法) asks for six of logs at least.
AUDIT_KEEP_MONTHS = int(os.environ.get("ZHIKE_AUDIT_KEEP_MONTHS", "0"))
if 0 < AUDIT_KEEP_MONTHS < 6:
    raise EnvironmentProblem(zh="ZHIKE_AUDIT_KEEP_MONTHS 至少为 6", en="ZHIKE_AUDIT_KEEP_MONTHS is 6 at least")
BIN_DAYS = int(os.environ.get("ZHIKE_BIN_DAYS", "30"))  # how long what is deleted can be restored
# Files of exports: how long they lie ready, how large one may be, and how much room all may take.
EXPORTS_KEPT = timedelta(days=int(os.environ.get("ZHIKE_EXPORT_DAYS", "7")))
EXPORTS_LARGEST = int(os.environ.get("ZHIKE_EXPORT_MAX_BYTES", 4 * 1024**3))
EXPORTS_BYTES = int(os.environ.get("ZHIKE_EXPORTS_BYTES", 20 * 1024**3))
COMPANY_CURRENCY = os.environ.get("ZHIKE_CURRENCY", "CNY")
REQUEST_DEADLINE = os.environ.get(
    "ZHIKE_REQUEST_DEADLINE", "15w"
)  # to answer persons: 15w working days, 30d days, 1m month
HOLIDAYS = os.environ.get("ZHIKE_HOLIDAYS", "cn")  # whose public holidays count; empty: nobody's
# Seconds for which a table may be locked at night, so that erased persons go from its file; 0: never by itself.
SCRUB_LONGEST = int(os.environ.get("ZHIKE_SCRUB_LONGEST", "120"))

STATIC_URL = "/static/"
# Of Ninja only the files of its documentation: as an app it would be loaded by every command, which takes long.
STATICFILES_DIRS = [Path(str(distribution("django-ninja").locate_file("ninja/static")))]
WHITENOISE_USE_FINDERS = True
WHITENOISE_MAX_AGE = 31_536_000

_secure = os.environ.get("ZHIKE_HTTPS") == "1"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = LANGUAGE_COOKIE_SECURE = SECURE_SSL_REDIRECT = _secure
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if PROXY_COUNT else None
SECURE_HSTS_SECONDS = 31_536_000 if _secure else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = _secure
_prefix = "__Host-" if _secure else ""  # browsers then keep the cookie to this very host
SESSION_COOKIE_NAME = f"{_prefix}zhike_session"
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = LANGUAGE_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_NAME = f"{_prefix}zhike_csrf"
LANGUAGE_COOKIE_NAME = f"{_prefix}zhike_language"
DEVICE_COOKIE_NAME = f"{_prefix}zhike_device"
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"
SESSION_COOKIE_AGE = int(os.environ.get("ZHIKE_SESSION_IDLE_HOURS", "72")) * 3600  # unused for so long, it ends
SESSION_LIFETIME = int(os.environ.get("ZHIKE_SESSION_DAYS", "14")) * 24 * 3600  # used or not, it ends
X_FRAME_OPTIONS = "DENY"
SECURE_CSP = {
    "default-src": [CSP.SELF],
    "img-src": [CSP.SELF, "data:", "blob:"],
    "style-src": [CSP.SELF],
    "script-src": [CSP.SELF],
    "object-src": [CSP.NONE],
    "base-uri": [CSP.NONE],
    "form-action": [CSP.SELF],
    "frame-ancestors": [CSP.NONE],
}

# Requests a second on the average of 20 seconds; 0 is as many as one likes.
RATE_PER_USER = float(os.environ.get("ZHIKE_RATE_PER_USER", "20"))
RATE_PER_KEY = float(os.environ.get("ZHIKE_RATE_PER_KEY", "50"))
RATE_PER_ADDRESS = float(os.environ.get("ZHIKE_RATE_PER_ADDRESS", "10"))  # of guests

DATA_UPLOAD_MAX_MEMORY_SIZE = 5 * 1024 * 1024
UPLOAD_MAX_BYTES = int(os.environ.get("ZHIKE_UPLOAD_MAX_BYTES", 2 * 1024**3))
UPLOAD_DAY_BYTES = int(os.environ.get("ZHIKE_UPLOAD_DAY_BYTES", 1024**3))  # of a person, to be kept with records
CLAMD = os.environ.get("ZHIKE_CLAMD", "")  # the virus scanner: "unix:/run/clamav/clamd.ctl" or "host:port"
if CLAMD and not re.fullmatch(r"unix:/.+|.+:[0-9]{1,5}", CLAMD):
    raise EnvironmentProblem(
        zh="ZHIKE_CLAMD 形如 unix:/run/clamav/clamd.ctl 或 主机:端口",
        en="ZHIKE_CLAMD is like unix:/run/clamav/clamd.ctl or host:port",
    )
DATA_UPLOAD_MAX_NUMBER_FIELDS = 10_000  # a choice of 2,000 values sends four of each
DATA_UPLOAD_MAX_NUMBER_FILES = 1
FILE_UPLOAD_TEMP_DIR = HOME.files_dir
FILE_UPLOAD_HANDLERS = [
    "zhike.exchange.uploads.BoundedUpload",
    "django.core.files.uploadhandler.MemoryFileUploadHandler",
    "django.core.files.uploadhandler.TemporaryFileUploadHandler",
]

LOG_FORMAT = os.environ.get("ZHIKE_LOG_FORMAT", "line")
if LOG_FORMAT not in FORMATS:
    raise EnvironmentProblem(zh="ZHIKE_LOG_FORMAT 只能是 line 或 json", en="ZHIKE_LOG_FORMAT is line or json")
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {name: {"()": kind} for name, kind in FORMATS.items()},
    "filters": {"who": {"()": "zhike.core.log_context.WhoActs"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": LOG_FORMAT, "filters": ["who"]}},
    "root": {"handlers": ["stderr"], "level": os.environ.get("ZHIKE_LOG_LEVEL", "WARNING")},
}
