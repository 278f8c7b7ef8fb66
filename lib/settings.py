"""The environment, read and checked when an instance opens its resources. Nothing here runs at import, so a bad
variable is a 503 and never a crash. Values never appear in messages."""

import re
from collections.abc import Mapping
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    AliasChoices,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    StringConstraints,
    ValidationError,
)

from lib.errors import Misconfigured


def _split(value: object) -> object:
    """Split a comma-separated list, dropping blanks."""
    if isinstance(value, str):
        return tuple(part.strip() for part in value.split(",") if part.strip())
    return value


def _check_url(value: str) -> str:
    """Refuse what no request could be sent to."""
    try:
        url = urlsplit(value)
        fits = url.scheme in ("http", "https") and bool(url.hostname) and url.port != 0
    except ValueError:  # such as http://[x] or a port that is not a number
        fits = False
    if not fits:
        raise ValueError("must be an http or https URL")
    return value


def _check_key(value: SecretStr) -> SecretStr:
    """Refuse what no header can carry (RFC 9110, section 5.5)."""
    if not re.fullmatch(r"[\x21-\x7e]+", value.get_secret_value()):
        raise ValueError("must be printable ASCII, without blanks")
    return value


def _check_cache_key(value: str) -> str:
    """Refuse a key that all posts would share."""
    if "{id}" not in value:
        raise ValueError("must have {id}, where the post's id goes")
    return value


Url = Annotated[str, AfterValidator(_check_url)]
Key = Annotated[SecretStr, AfterValidator(_check_key)]
# A bucket's name, as Storage has it in URLs.
Bucket = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$")]
# Where the routes lie below /api, in a project that answers some of their paths itself.
Prefix = Annotated[str, StringConstraints(pattern=r"^([a-z0-9][a-z0-9-]{0,39})?$")]
# What a limit of the database function can be: it is an integer there.
MAX_LIKES = 1_000_000
CommaSeparated = Annotated[tuple[str, ...], BeforeValidator(_split)]
CacheKey = Annotated[str, AfterValidator(_check_cache_key)]
CacheKeys = Annotated[tuple[CacheKey, ...], BeforeValidator(_split)]


class Settings(BaseModel):
    """One field for each variable; the alias is its name in the environment. Documented in .env.example."""

    model_config = ConfigDict(frozen=True)

    supabase_url: Url = Field(validation_alias=AliasChoices("SUPABASE_URL", "NEXT_PUBLIC_SUPABASE_URL"))
    supabase_service_role_key: Key = Field(validation_alias="SUPABASE_SERVICE_ROLE_KEY")
    cron_secret: SecretStr | None = Field(None, validation_alias="CRON_SECRET")
    queue_api_token: SecretStr | None = Field(None, validation_alias="QUEUE_API_TOKEN")
    admin_api_token: SecretStr | None = Field(None, validation_alias="ADMIN_API_TOKEN")
    viewer_api_token: SecretStr | None = Field(None, validation_alias="VIEWER_API_TOKEN")
    # While a secret is rotated its previous value is accepted too.
    cron_secret_previous: SecretStr | None = Field(None, validation_alias="CRON_SECRET_PREVIOUS")
    queue_api_token_previous: SecretStr | None = Field(None, validation_alias="QUEUE_API_TOKEN_PREVIOUS")
    admin_api_token_previous: SecretStr | None = Field(None, validation_alias="ADMIN_API_TOKEN_PREVIOUS")
    viewer_api_token_previous: SecretStr | None = Field(None, validation_alias="VIEWER_API_TOKEN_PREVIOUS")
    allowed_origins: CommaSeparated = Field((), validation_alias="ALLOWED_ORIGINS")
    image_hosts: CommaSeparated = Field((), validation_alias="IMAGE_HOSTS")
    image_bucket: Bucket | None = Field(None, validation_alias="IMAGE_BUCKET")
    push_hosts: CommaSeparated = Field((), validation_alias="PUSH_HOSTS")
    vapid_private_key: SecretStr | None = Field(None, validation_alias="VAPID_PRIVATE_KEY")
    vapid_subject: str | None = Field(None, validation_alias="VAPID_SUBJECT")
    likes_per_minute_per_session: int = Field(60, ge=0, le=MAX_LIKES, validation_alias="LIKES_PER_MINUTE_PER_SESSION")
    likes_per_minute_per_address: int = Field(1200, ge=0, le=MAX_LIKES, validation_alias="LIKES_PER_MINUTE_PER_ADDRESS")
    dashboard_hide_payloads: bool = Field(default=False, validation_alias="DASHBOARD_HIDE_PAYLOADS")
    worker_budget_ms: int = Field(8000, ge=500, le=9000, validation_alias="WORKER_BUDGET_MS")
    worker_concurrency: int = Field(20, ge=1, le=200, validation_alias="WORKER_CONCURRENCY")
    worker_max_runs: int = Field(4, ge=0, le=100, validation_alias="WORKER_MAX_RUNS")
    worker_fanout: int = Field(0, ge=0, le=20, validation_alias="WORKER_FANOUT")
    worker_url: Url | None = Field(None, validation_alias="WORKER_URL")
    upstash_redis_rest_url: Url | None = Field(None, validation_alias="UPSTASH_REDIS_REST_URL")
    upstash_redis_rest_token: Key | None = Field(None, validation_alias="UPSTASH_REDIS_REST_TOKEN")
    cache_key_of_likes: CacheKey = Field("post:{id}:likes", validation_alias="CACHE_KEY_OF_LIKES")
    cache_keys_to_delete: CacheKeys = Field((), validation_alias="CACHE_KEYS_TO_DELETE")
    cache_ttl_seconds: int = Field(86_400, ge=1, le=31_536_000, validation_alias="CACHE_TTL_SECONDS")
    revalidate_url: Url | None = Field(None, validation_alias="REVALIDATE_URL")
    revalidate_secret: Key | None = Field(None, validation_alias="REVALIDATE_SECRET")
    route_prefix: Prefix = Field("", validation_alias="ROUTE_PREFIX")
    # Read by lib.tracing itself, which works without settings; here so that it is known.
    otel_exporter_otlp_endpoint: str | None = Field(None, validation_alias="OTEL_EXPORTER_OTLP_ENDPOINT")
    vercel_env: str | None = Field(None, validation_alias="VERCEL_ENV")
    vercel_url: str | None = Field(None, validation_alias="VERCEL_URL")
    vercel_project_production_url: str | None = Field(None, validation_alias="VERCEL_PROJECT_PRODUCTION_URL")

    @classmethod
    def load(cls, environment: Mapping[str, str]) -> "Settings":
        """Read `environment`; an empty variable counts as unset, and blanks around a value were pasted along.

        Raises:
            Misconfigured: required variables are missing, or one does not fit; names them, shows no value.
        """
        try:
            return cls.model_validate({name: value.strip() for name, value in environment.items() if value.strip()})
        except ValidationError as error:
            problems = error.errors(include_url=False, include_input=False, include_context=False)
        missing = tuple(_variable(problem) for problem in problems if problem["type"] == "missing")
        if missing:
            raise Misconfigured(missing, "not set")
        raise Misconfigured((_variable(problems[0]),), problems[0]["msg"])

    @property
    def own_origin(self) -> str | None:
        """Where these functions are, such as https://app.example.com; None where nothing says it.

        In production Vercel protects a deployment's own URL with a login, and leaves the project's domain open.
        """
        if self.worker_url:
            return self.worker_url.rstrip("/")
        host = self.vercel_project_production_url if self.vercel_env == "production" else None
        host = host or self.vercel_url
        return f"https://{host}" if host else None

    def prefixed(self, route: str) -> str:
        """Return where a route of ours is, such as /api/jobs/queue/process with the prefix `jobs`."""
        return f"/api/{self.route_prefix}{route.removeprefix('/api')}" if self.route_prefix else route


def _variable(problem: Any) -> str:
    """The environment's name of the field that a pydantic error is about."""
    return str(problem["loc"][0])
