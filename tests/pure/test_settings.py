"""Settings.load: the environment, checked, with no value ever shown."""

import pytest

from lib.errors import Misconfigured
from lib.settings import Settings

REQUIRED = {"SUPABASE_URL": "https://abc.supabase.co", "SUPABASE_SERVICE_ROLE_KEY": "sb_secret_abcdef"}
SECRET = "a-very-secret-value"


def test_the_required_ones_are_enough() -> None:
    """Everything else has a default, and no secret means that nobody is let in."""
    settings = Settings.load(REQUIRED)
    assert settings.supabase_url == REQUIRED["SUPABASE_URL"]
    assert settings.cron_secret is settings.queue_api_token is settings.admin_api_token is None
    assert (settings.worker_budget_ms, settings.worker_concurrency) == (8000, 20)
    assert settings.allowed_origins == settings.image_hosts == ()


def test_the_url_may_be_shared_with_a_next_js_frontend() -> None:
    """NEXT_PUBLIC_SUPABASE_URL is read when SUPABASE_URL is not set, or empty."""
    key = {"SUPABASE_SERVICE_ROLE_KEY": "k"}
    public = {"NEXT_PUBLIC_SUPABASE_URL": "https://public.supabase.co"}
    assert Settings.load(key | public).supabase_url == "https://public.supabase.co"
    assert Settings.load(key | public | {"SUPABASE_URL": " "}).supabase_url == "https://public.supabase.co"
    assert Settings.load(key | public | {"SUPABASE_URL": "https://own.co"}).supabase_url == "https://own.co"


@pytest.mark.parametrize("missing", REQUIRED)
@pytest.mark.parametrize("form", ["absent", "", "  "])
def test_a_missing_variable_is_named(missing: str, form: str) -> None:
    """Empty counts as missing: Vercel stores variables without a value."""
    environment = {name: value for name, value in REQUIRED.items() if name != missing or form != "absent"}
    if form != "absent":
        environment[missing] = form
    with pytest.raises(Misconfigured) as raised:
        Settings.load(environment)
    assert raised.value.variables == (missing,)
    assert missing in str(raised.value)


def test_all_missing_variables_are_named_at_once() -> None:
    """One deployment to set them, not two."""
    with pytest.raises(Misconfigured) as raised:
        Settings.load({})
    assert raised.value.variables == ("SUPABASE_URL", "SUPABASE_SERVICE_ROLE_KEY")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SUPABASE_URL", f"ftp://{SECRET}"),
        ("SUPABASE_URL", SECRET),
        ("SUPABASE_URL", f"http://[{SECRET}"),
        ("SUPABASE_URL", f"http://{SECRET}:99999999"),
        ("SUPABASE_SERVICE_ROLE_KEY", f"é{SECRET}"),
        ("SUPABASE_SERVICE_ROLE_KEY", f"{SECRET} {SECRET}"),
        ("WORKER_BUDGET_MS", SECRET),
        ("WORKER_BUDGET_MS", "123456789"),
        ("WORKER_BUDGET_MS", "0"),
        ("WORKER_CONCURRENCY", SECRET),
        ("WORKER_CONCURRENCY", "0"),
    ],
)
def test_a_bad_value_is_named_and_never_shown(name: str, value: str) -> None:
    """Whoever pastes a key into the wrong variable must not find it in the logs."""
    with pytest.raises(Misconfigured) as raised:
        Settings.load(REQUIRED | {name: value})
    assert raised.value.variables == (name,)
    shown = f"{raised.value}{raised.value!r}{raised.value.__cause__!r}{raised.value.__context__!r}"
    assert value not in shown or value == "0"


def test_secrets_are_not_in_what_is_printed() -> None:
    """A settings object may end up in a log or a traceback."""
    secrets = dict.fromkeys(("CRON_SECRET", "QUEUE_API_TOKEN", "ADMIN_API_TOKEN", "SUPABASE_SERVICE_ROLE_KEY"), SECRET)
    settings = Settings.load(REQUIRED | secrets)
    assert SECRET not in f"{settings}{settings!r}{settings.model_dump()}{settings.model_dump_json()}"


def test_lists_are_comma_separated_and_forgiving() -> None:
    """Spaces and a comma too many are no entries."""
    settings = Settings.load(REQUIRED | {"ALLOWED_ORIGINS": " https://a.co , ,https://b.co,", "IMAGE_HOSTS": "c:8080"})
    assert settings.allowed_origins == ("https://a.co", "https://b.co")
    assert settings.image_hosts == ("c:8080",)


def test_other_variables_are_nobodys_business() -> None:
    """The platform sets dozens."""
    Settings.load(REQUIRED | {"VERCEL": "1", "SUPABASE_ANON_KEY": "x", "supabase_url": "nonsense"})


def test_what_was_pasted_along_does_not_matter() -> None:
    """A newline at the end of a key is no part of it."""
    settings = Settings.load({name: f" {value}\n" for name, value in REQUIRED.items()})
    assert settings.supabase_url == REQUIRED["SUPABASE_URL"]
    assert settings.supabase_service_role_key.get_secret_value() == REQUIRED["SUPABASE_SERVICE_ROLE_KEY"]
