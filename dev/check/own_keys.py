"""What detect-secrets does not know: Supabase's keys, and the secrets of .env.example with a value."""

import re

from detect_secrets.plugins.base import RegexBasedDetector

NAMES = "CRON_SECRET|[A-Z]+_API_TOKEN|VAPID_PRIVATE_KEY|SUPABASE_SERVICE_ROLE_KEY|UPSTASH_REDIS_REST_TOKEN"


class OwnKeyDetector(RegexBasedDetector):
    """Loaded by detect-secrets, by its path."""

    secret_type = "Key of this product"  # noqa: S105 - the name of a kind
    denylist = (
        re.compile(r"sb_secret_[A-Za-z0-9_-]{16,}"),
        re.compile(rf"(?:{NAMES})(?:_PREVIOUS)?=([A-Za-z0-9+/_-]{{16,}}=*)\s*$"),
    )
