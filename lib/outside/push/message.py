"""What a push says, short enough for every push service."""

import json
from collections.abc import Mapping

# What a push service must take (RFC 8291, section 4: 4096 bytes of which 103 are not the message's).
MAX_MESSAGE_BYTES = 3993


def as_message(content: Mapping[str, str | None], shortened: str) -> bytes:
    """JSON for the service worker; the text under the key `shortened` is cut until it all fits into a push."""
    text = content[shortened] or ""
    message = _json(content)
    while len(message) > MAX_MESSAGE_BYTES and text:
        text = text[: len(text) * 19 // 20]
        message = _json({**content, shortened: text + "…"})
    return message


def _json(content: Mapping[str, str | None]) -> bytes:
    return json.dumps(content, ensure_ascii=False).encode()
