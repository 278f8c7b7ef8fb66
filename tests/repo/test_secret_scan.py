"""A planted secret is found; what tests make up is not."""

import secrets
from pathlib import Path

import pytest

from dev.check.secret_scan import problems

RANDOM = secrets.token_urlsafe(32)
# In pieces, so that this file does not hold one.
HEAD, BODY = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9", "eyJyb2xlIjoic2VydmljZV9yb2xlIn0"
PLANTED = {
    "a.py": f'token = "{secrets.token_hex(32)}"\n',
    "b.md": f"The key is sb_secret_{secrets.token_hex(16)}.\n",
    "c.env": f"# secrets\nADMIN_API_TOKEN={RANDOM}\n",
    "d.yml": f"key: {HEAD}.{BODY}.{RANDOM}\n",
    "e.sql": f"select net.http_get('x', password := '{RANDOM}');\n",
    "f.ts": f'const url = "https://someone:{RANDOM}@db.example.com/x"\n',
    "g.txt": "-----BEGIN " + "RSA PRIVATE KEY-----\n",
}


@pytest.mark.parametrize("name", PLANTED)
def test_a_planted_secret_is_found(name: str, tmp_path: Path) -> None:
    """With its file, line and kind, and without the secret: the output goes into logs."""
    file = tmp_path / name
    file.write_text(PLANTED[name])
    found = problems([file])
    assert found
    assert all(each.startswith(f"{file}:{PLANTED[name].count(chr(10))}: ") for each in found)
    assert RANDOM not in "".join(found)


@pytest.mark.parametrize(
    "text",
    [
        'password = "a-long-password"\n',
        'SECRET = "sb_secret_not-the-key-of-this-project"\n',
        "CRON_SECRET=\n",
        'url = "http://user:password@images.example.com/a.jpg"\n',
        "password = os.environ['PASSWORD']\n",
        f'token = "{secrets.token_hex(32)}"  # pragma: allowlist secret\n',
    ],
)
def test_what_is_made_up_is_none(text: str, tmp_path: Path) -> None:
    """Words, an empty value, a variable; and a line whose author says so."""
    file = tmp_path / "x.py"
    file.write_text(text)
    assert problems([file]) == []
