"""Web Push: encrypted messages to browsers, by way of the push services that the browsers chose."""

from lib.outside.push.message import as_message
from lib.outside.push.sender import (
    Gone,
    PushMisconfigured,
    PushNotConfigured,
    PushSender,
    PushVerdict,
    Refused,
    Subscription,
    Taken,
    push_sender,
)

__all__ = [
    "Gone",
    "PushMisconfigured",
    "PushNotConfigured",
    "PushSender",
    "PushVerdict",
    "Refused",
    "Subscription",
    "Taken",
    "as_message",
    "push_sender",
]
