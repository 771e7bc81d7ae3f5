"""Django's settings: one file, no branches but demonstration or production; every outside value comes from `environment`."""

import os
from pathlib import Path

from django.utils.translation import gettext_lazy as _

from onecity.project import environment, secrets
from onecity.project.stack import postgres

ENV = environment.read()
BASE_DIR = Path(__file__).resolve().parent
ONECITY_HOME = ENV.home
ONECITY_DEMO = not ENV.production
ONECITY_RETENTION_DAYS = ENV.retention_days
ONECITY_LOG_SYNC = ENV.log_sync
ONECITY_COAP_PORT = ENV.coap_port
ONECITY_COAP_HOST = ENV.coap_host
ONECITY_OUTBOUND_ALLOW = ENV.outbound_allow
ONECITY_NGSI_LD_ANONYMOUS = ENV.ngsi_ld_anonymous
ONECITY_NATS_URL = ENV.nats_url or f"nats://127.0.0.1:{ENV.nats_port}"
ONECITY_MQTT_PORT = ENV.mqtt_port
ONECITY_BROKER_SECRET = secrets.text(ENV.home, "broker")
ONECITY_BASE_URL = ENV.base_url
ONECITY_TIER = ENV.tier
ONECITY_AUDIT_HASH = os.environ.get("ONECITY_AUDIT_HASH") or "sha256"
ONECITY_FUTURE_SECONDS = int(os.environ.get("ONECITY_FUTURE_SECONDS") or 300)
ONECITY_UPLOADS = ENV.home / "uploads"
ONECITY_NODE_MODULES = ENV.node_modules

SECRET_KEY = secrets.text(ENV.home, "django")
DEBUG = False
ALLOWED_HOSTS = ["127.0.0.1", "localhost", "[::1]", *ENV.public_hosts]
CSRF_TRUSTED_ORIGINS = [ENV.base_url] if ENV.base_url.startswith("https") else []

INSTALLED_APPS = [
    # ours first: the first template of a name wins, and sign-in pages are dressed by us
    "onecity.kernel.web",
    "onecity.kernel.registry",
    "onecity.kernel.tiers",
    "onecity.kernel.rules",
    "onecity.kernel.cases",
    "onecity.kernel.twin",
    "onecity.kernel.notify",
    "onecity.kernel.records",
    "onecity.kernel.telemetry",
    "onecity.kernel.access",
    "onecity.kernel.people",
    "onecity.kernel.places",
    "onecity.domains.environment",
    "onecity.domains.devices",
    "onecity.domains.operations",
    "onecity.domains.services",
    "onecity.domains.services.applying",
    "onecity.domains.services.kiosk",
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "allauth.idp.oidc",
    "procrastinate.contrib.django",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "servestatic.middleware.ServeStaticMiddleware",
    "onecity.kernel.web.middleware.SecurityHeadersMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "onecity.kernel.web.terminal.TerminalMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "allauth.usersessions.middleware.UserSessionsMiddleware",
    "onecity.kernel.web.middleware.ProblemMiddleware",
    "onecity.kernel.access.middleware.PrincipalMiddleware",
]

ROOT_URLCONF = "onecity.project.urls"
ASGI_APPLICATION = "onecity.project.asgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "onecity.kernel.web.context.shell",
            ],
        },
    }
]
FORM_RENDERER = "django.forms.renderers.DjangoTemplates"

DATABASES = {
    "default": environment.database(ENV, postgres.socket_dir(ENV.home)) | {"ATOMIC_REQUESTS": True, "CONN_MAX_AGE": 0}
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
# shared by all web processes, so that rate limits and lock-out hold across them
CACHES = {"default": {"BACKEND": "django.core.cache.backends.db.DatabaseCache", "LOCATION": "django_cache"}}

LANGUAGE_CODE = "zh-hans"
LANGUAGES = [("zh-hans", _("Chinese")), ("en", _("English"))]
# these three are no Django applications, so their catalogues are named here
LOCALE_PATHS = [BASE_DIR / "locale", BASE_DIR.parent / "sim" / "locale", BASE_DIR.parent / "kernel" / "core" / "locale"]
TIME_ZONE = ENV.time_zone
USE_TZ = True
USE_I18N = True

STATIC_URL = "/static/"
STATIC_ROOT = ENV.home / "static"
STATICFILES_DIRS = [
    (f"npm/{package}", ENV.node_modules / package / folder)
    for package, folder in (("maplibre-gl", "dist"), ("echarts", "dist"), ("htmx.org", "dist"))
    if (ENV.node_modules / package / folder).is_dir()
]
SERVESTATIC_USE_FINDERS = True
SERVESTATIC_AUTOREFRESH = False

EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
EMAIL_HOST, _colon, _port = (ENV.email_url.removeprefix("smtp://") or "127.0.0.1:25").partition(":")
EMAIL_PORT = int(_port or 25)
EMAIL_TIMEOUT = 10
ONECITY_IMAP_URL = os.environ.get("ONECITY_IMAP_URL", "")
DEFAULT_FROM_EMAIL = os.environ.get("ONECITY_EMAIL_FROM", "onecity@localhost")

AUTH_USER_MODEL = "people.Account"
AUTHENTICATION_BACKENDS = ["onecity.kernel.people.authentication.AccountBackend"]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
LOGIN_URL = "/accounts/login/"
LOGIN_REDIRECT_URL = "/desk"
LOGOUT_REDIRECT_URL = "/"
ACCOUNT_ADAPTER = "onecity.kernel.access.sign_in.AuditedAccountAdapter"
ACCOUNT_FORMS = {
    "login": "onecity.kernel.people.forms.PlainLoginForm",
    "signup": "onecity.kernel.people.forms.ResidentSignupForm",
}
ACCOUNT_LOGIN_METHODS = {"username", "email"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "password1*", "password2*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_PRESERVE_USERNAME_CASING = False
ACCOUNT_RATE_LIMITS = {
    # a town government stands behind one address: generous by address, strict by account
    "login": "300/m/ip",
    "login_failed": "60/m/ip,5/5m/key",
    "signup": "20/m/ip",
}
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_TOTP_ISSUER = "OneCity"
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = not ENV.production
USERSESSIONS_TRACK_ACTIVITY = False
IDP_OIDC_ADAPTER = "onecity.kernel.access.oidc.WalledOIDCAdapter"
# whoever leaves from another system with that system's proof of him leaves here too, without being asked once more
IDP_OIDC_RP_INITIATED_LOGOUT_ASKS_FOR_OP_LOGOUT = False
IDP_OIDC_PRIVATE_KEY = secrets.rsa_key(ENV.home, "oidc")

SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = ENV.production
CSRF_COOKIE_SECURE = ENV.production
CSRF_FAILURE_VIEW = "onecity.kernel.web.errors.csrf_failure"
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if ENV.production else None
SECURE_HSTS_SECONDS = 31_536_000 if ENV.production else 0
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
DATA_UPLOAD_MAX_MEMORY_SIZE = 10_485_760

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s: %(message)s"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": "INFO"},
    "loggers": {
        "httpx": {"level": "WARNING"},
        "procrastinate": {"level": "WARNING"},
        "django.request": {"level": "ERROR"},
    },
}
