"""No secret in a file that git tracks: detect-secrets over all of them, with this product's own keys besides.

A line that has to look like one ends with `pragma: allowlist secret` in a comment. Nothing is sent anywhere to ask
whether a secret is real.
"""

import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from detect_secrets.core.plugins.util import get_mapping_from_secret_type_to_class
from detect_secrets.core.potential_secret import PotentialSecret
from detect_secrets.core.scan import scan_file
from detect_secrets.plugins.base import BasePlugin
from detect_secrets.settings import transient_settings

from dev import paths
from dev.check.commands import CheckError, run

OWN_KEYS = Path(__file__).with_name("own_keys.py")
FILTERS = [
    *("allowlist.is_line_allowlisted", "heuristic.is_sequential_string", "heuristic.is_potential_uuid"),
    *("heuristic.is_likely_id_string", "heuristic.is_templated_secret", "heuristic.is_indirect_reference"),
    *("heuristic.is_prefixed_with_dollar_sign", "heuristic.is_not_alphanumeric_string", "heuristic.is_lock_file"),
]
# What is guessed from a name, a place or a beginning. A value that is made of words was made up.
GUESSED = {"Secret Keyword", "Basic Auth Credentials", "Key of this product"}
# Files that `make schema` and `make release` write: they consist of digests.
OF_DIGESTS = re.compile(r"lib/database/migrations\.py|\d+_expected_schema\.sql|tests/releases/[\d.]+/checksums\.txt")
DIGEST = "Hex High Entropy String"
WORDS = re.compile(r"[A-Za-z]{1,15}([-_. :/]+([A-Za-z]{1,15}|\{\}))*")


def secrets() -> str:
    """Scan what git tracks, and what it would add."""
    git = ["git", "-c", "safe.directory=*", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    files = [paths.PROJECT / name for name in run(git).split("\0") if name]
    files = [file for file in files if file.is_file()]
    if found := problems(files):
        raise CheckError("\n".join(found))
    return f"not one in {len(files)} files"


def problems(files: Sequence[Path]) -> list[str]:
    """Say where something looks like a secret: file, line and kind, never the secret itself."""
    classes: Iterable[type[BasePlugin]] = get_mapping_from_secret_type_to_class().values()
    known = [{"name": each.__name__} for each in classes]
    own = {"name": "OwnKeyDetector", "path": OWN_KEYS.as_uri()}
    filters = [{"path": f"detect_secrets.filters.{name}"} for name in FILTERS]
    with transient_settings({"plugins_used": [*known, own], "filters_used": filters}):
        get_mapping_from_secret_type_to_class.cache_clear()  # or it stays without ours
        found = [(file, secret) for file in files for secret in scan_file(str(file)) if not harmless(file, secret)]
    return [f"{file}:{secret.line_number}: {secret.type}" for file, secret in found]


def harmless(file: Path, secret: PotentialSecret) -> bool:
    """Whether a value is none: a digest in a file of digests, or made up."""
    return (secret.type == DIGEST and bool(OF_DIGESTS.search(file.as_posix()))) or made_up(secret)


def made_up(secret: PotentialSecret) -> bool:
    """Whether a value was guessed to be a secret, and says by itself that it is none."""
    value = secret.secret_value or ""
    return secret.type in GUESSED and bool(len(value) < 8 or WORDS.fullmatch(value))
