"""The random keys and tokens of one data folder, made once and kept with it."""

import json
import secrets
from pathlib import Path

# Made together, so that an older folder gains what a newer version of this list adds.
FORMS = {
    "publishable_key": "sb_publishable_{}",
    "secret_key": "sb_secret_{}",
    "jwt_secret": "{}",
    "CRON_SECRET": "{}",
    "QUEUE_API_TOKEN": "{}",
    "ADMIN_API_TOKEN": "{}",
    "VIEWER_API_TOKEN": "{}",
}


def read(folder: Path) -> dict[str, str]:
    """Return the folder's keys by name, making those that are missing. Mode 600."""
    file = folder / "keys.json"
    known: dict[str, str] = json.loads(file.read_text()) if file.exists() else {}
    missing = {name: form.format(secrets.token_urlsafe(32)) for name, form in FORMS.items() if name not in known}
    if missing:
        file.touch(0o600)
        file.write_text(json.dumps(known | missing))
    return known | missing
