"""Web Push: encrypted messages to browsers, by way of the push services that the browsers chose.

The sender itself is imported from lib.outside.push.sender: it takes long.
"""

from lib.outside.push.message import as_message
from lib.outside.push.verdicts import (
    Gone,
    PushMisconfigured,
    PushNotConfigured,
    PushVerdict,
    Refused,
    Subscription,
    Taken,
)

__all__ = [
    "Gone",
    "PushMisconfigured",
    "PushNotConfigured",
    "PushVerdict",
    "Refused",
    "Subscription",
    "Taken",
    "as_message",
]
