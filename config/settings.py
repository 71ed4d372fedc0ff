"""Settings, all from the environment. The defaults are safe: no debugging, secure cookies, a strict content policy."""

import sys
import tempfile
import warnings
from pathlib import Path

import dj_database_url
from csp.constants import NONE, SELF
from django.core.management.utils import get_random_secret_key
from environs import Env, EnvError, validate

BASE_DIR = Path(__file__).resolve().parent.parent
env = Env()
env.read_env(BASE_DIR / ".env", recurse=False)

# The WSGI entry point and `check --deploy` demand a key of their own; other commands make one for the run.
SECRET_KEY = env.str("SECRET_KEY", default="")
if not SECRET_KEY and "--deploy" not in sys.argv:
    SECRET_KEY = get_random_secret_key()
DEBUG = env.bool("DEBUG", default=False)
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"])
CSRF_TRUSTED_ORIGINS: list[str] = env.list("CSRF_TRUSTED_ORIGINS", default=[])

INSTALLED_APPS = [
    "stances",
    "stances.desk.DeskConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "corsheaders",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "axes",
    "csp",
    "django_filters",
    "django_htmx",
    "simple_history",
    "tree_queries",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "corsheaders.middleware.CorsMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "stances.middleware.kept_by_nobody",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "simple_history.middleware.HistoryRequestMiddleware",
    "axes.middleware.AxesMiddleware",
    "stances.middleware.told_when_unavailable",
]

ROOT_URLCONF = "config.urls"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]
FORM_RENDERER = "stances.renderers.FormRenderer"

try:
    DATABASES = {
        "default": dj_database_url.parse(
            env.str("DATABASE_URL", default=f"sqlite:///{BASE_DIR / 'db.sqlite3'}"),
            conn_max_age=env.int("CONN_MAX_AGE", default=60),
            conn_health_checks=True,
        )
    }
except ValueError:
    DATABASES = {"default": {"ENGINE": "unknown"}}
if DATABASES["default"]["ENGINE"] not in ("django.db.backends.sqlite3", "django.db.backends.postgresql"):
    raise EnvError(
        "DATABASE_URL is no address of SQLite or PostgreSQL, as in sqlite:///db.sqlite3 or "
        "postgres://user:password@host:5432/name (a password's signs percent-encoded)."
    )
# How many connections a process that serves may have at once on PostgreSQL (config/wsgi.py asks for some); 0: no pool.
DATABASE_POOL = env.int("DATABASE_POOL", default=0, validate=validate.Range(min=0, max=1000))
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    DATABASES["default"]["CONN_MAX_AGE"] = 0
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",  # a write takes its lock at once, so that two wait instead of failing
        "timeout": 20,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
    }
elif DATABASE_POOL:
    DATABASES["default"]["CONN_MAX_AGE"] = 0  # the pool keeps them open
    DATABASES["default"].setdefault("OPTIONS", {})["pool"] = {
        "min_size": 1,
        "max_size": DATABASE_POOL,
        "timeout": 10,  # seconds that a request waits for one
    }
# Seconds after which a query of a public page is stopped, and all of an export; 0: never.
STATEMENT_TIMEOUT = env.float("STATEMENT_TIMEOUT", default=5, validate=validate.Range(min=0, max=86_400))
EXPORT_TIMEOUT = env.float("EXPORT_TIMEOUT", default=600, validate=validate.Range(min=0, max=86_400))
# Seconds for which a cache in front may answer without asking whether a page still holds. A browser always asks.
SHARED_MAX_AGE = env.int("SHARED_MAX_AGE", default=10, validate=validate.Range(min=0, max=86_400))
# Megabytes of packed pages that a process keeps, to answer them again while the public data are the same; 0: none.
PAGE_MEMORY = env.int("PAGE_MEMORY", default=0 if DEBUG else 16, validate=validate.Range(min=0, max=10_000))

DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
# A joint statement of many governments: each stance in the desk's form is ten fields, and Django's limit is 1,000.
DATA_UPLOAD_MAX_NUMBER_FIELDS = 10_000
# Tables that wait for their confirmation; several servers share the folder.
IMPORTS_DIR = env.str("IMPORTS_DIR", default=str(Path(tempfile.gettempdir()) / "stances-imports"))
FIXTURE_DIRS = [BASE_DIR / "fixtures"]
SEEDS_DIR = BASE_DIR / "seeds"

AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "django.contrib.auth.backends.ModelBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
AXES_FAILURE_LIMIT = 8
AXES_COOLOFF_TIME = 0.25  # hours
AXES_RESET_ON_SUCCESS = True
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
LOGIN_URL = "admin:login"

SIMPLE_HISTORY_HISTORY_CHANGE_REASON_USE_TEXT_FIELD = True  # "merged ... into ..." names two addresses

# A desk of one person may publish what it coded itself.
ONE_PERSON_DESK = env.bool("ONE_PERSON_DESK", default=False)

LANGUAGE_CODE = "en"
USE_I18N = True
USE_TZ = True
TIME_ZONE = "UTC"
FORMAT_MODULE_PATH = ["config.formats"]

STATIC_URL = "static/"
STATIC_ROOT = BASE_DIR / "staticfiles"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"
        if env.bool("STATIC_MANIFEST", default=False)
        else "django.contrib.staticfiles.storage.StaticFilesStorage"
    },
}
WHITENOISE_USE_FINDERS = True  # static files are served without collectstatic, too
warnings.filterwarnings("ignore", message="No directory at", category=UserWarning)

# HTTPS=0 is for a plain http address on one's own machine, as `make demo` serves it.
HTTPS = env.bool("HTTPS", default=not DEBUG)
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SESSION_COOKIE_HTTPONLY = True
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = HTTPS
SECURE_SSL_REDIRECT = env.bool("SSL_REDIRECT", default=False)
SILENCED_SYSTEM_CHECKS = ["security.W008"]  # the proxy in front redirects; SSL_REDIRECT=1 where there is none
if env.bool("BEHIND_PROXY", default=False):
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
    }
}

# Any site's script may read what anybody may read: the API, and the twins of lists and pages. Nothing else, no cookies.
CORS_ALLOW_ALL_ORIGINS = True
CORS_ALLOW_CREDENTIALS = False
CORS_URLS_REGEX = r"^/(?!admin/)(api/.*|.*\.(json|csv|atom))\Z"
CORS_ALLOW_METHODS = ["GET", "HEAD", "OPTIONS"]
CORS_ALLOW_HEADERS = ["accept", "content-type", "if-none-match"]
CORS_EXPOSE_HEADERS = ["content-disposition", "etag", "retry-after"]

# How often one address may ask the API, as in 600/hour; empty: as often as it likes.
API_RATE = env.str("API_RATE", default="", validate=validate.Regexp(r"\A([1-9]\d{0,8}/(second|minute|hour|day))?\Z"))
REST_FRAMEWORK = {
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": [],
    "DEFAULT_AUTHENTICATION_CLASSES": [],
    "DEFAULT_PERMISSION_CLASSES": [],
    "UNAUTHENTICATED_USER": None,
    "DEFAULT_THROTTLE_CLASSES": ["stances.api.throttling.ReaderThrottle"],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "stances.api.negotiation.JsonAlways",
    "EXCEPTION_HANDLER": "stances.api.errors.answer_error",
    "URL_FORMAT_OVERRIDE": None,
    "NUM_PROXIES": 1 if env.bool("BEHIND_PROXY", default=False) else 0,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Stances",
    "DESCRIPTION": "What governments say on a question of policy, and how that changes: coded statements, the "
    "positions that follow from them, and their changes. Read-only. Names and values are those of the exports.",
    "VERSION": "1",
    "OAS_VERSION": "3.1.0",
    "LICENSE": {"name": "CC BY 4.0", "url": "https://creativecommons.org/licenses/by/4.0/"},
    "SERVE_INCLUDE_SCHEMA": False,
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "COMPONENT_NO_READ_ONLY_REQUIRED": True,  # `fields` leaves fields out
    # Terms stand where they are used, without names of their own.
    "POSTPROCESSING_HOOKS": ["drf_spectacular.hooks.postprocess_schema_enum_id_removal"],
}

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "handlers": {"console": {"class": "logging.StreamHandler"}},
    "root": {"handlers": ["console"], "level": env.str("LOG_LEVEL", default="WARNING")},
}
