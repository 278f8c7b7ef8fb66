""".env.example documents the environment, all of it."""

import re
from pathlib import Path

import pytest
from pydantic import AliasChoices

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / ".env.example").read_text()
NAMES = set(re.findall(r"^(?:# )?([A-Z][A-Z0-9_]+)=", TEXT, re.MULTILINE))
CONTRACT = {
    *("SUPABASE_URL", "NEXT_PUBLIC_SUPABASE_URL", "SUPABASE_SERVICE_ROLE_KEY", "CRON_SECRET"),
    *("QUEUE_API_TOKEN", "ADMIN_API_TOKEN", "VIEWER_API_TOKEN", "ALLOWED_ORIGINS", "IMAGE_HOSTS"),
    *("LIKES_PER_MINUTE_PER_SESSION", "LIKES_PER_MINUTE_PER_ADDRESS"),
    *("WORKER_BUDGET_MS", "WORKER_CONCURRENCY"),
}


def names_of_settings() -> set[str]:
    """Return the variables that lib.settings.Settings is read from, one field each or several."""
    settings = pytest.importorskip("lib.settings").Settings
    names: set[str] = set()
    for name, field in settings.model_fields.items():
        alias = field.validation_alias or field.alias or name
        choices = alias.choices if isinstance(alias, AliasChoices) else [alias]
        names |= {str(choice).upper() for choice in choices}
    return names


def test_it_names_exactly_what_the_settings_read() -> None:
    """A variable that nobody told operators about is never set; one too many misleads them."""
    assert names_of_settings() == NAMES


def test_the_names_of_the_contract_are_there() -> None:
    """Deployments have these set."""
    assert NAMES >= CONTRACT


def test_no_secret_has_a_value() -> None:
    """A value that is copied is a password that everybody knows."""
    values = dict(re.findall(r"^([A-Z][A-Z0-9_]+)=(.*)$", TEXT, re.MULTILINE))
    secrets = [name for name in values if name.endswith(("_KEY", "_TOKEN", "_SECRET"))]
    assert secrets
    assert [name for name in secrets if values[name]] == []
