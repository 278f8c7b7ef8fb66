"""What is pushed to, and what became of a push. Values only: they are imported without the encryption."""

from dataclasses import dataclass

from lib.outside.verdicts import NoTurn, NotYet

# What a push service answers when it does not accept who sends, or for whom: the key is not the one that the browser
# subscribed with, for one (RFC 8292, section 4.2; FCM says 403, Apple 400, Mozilla 401).
_NOT_FROM_YOU = {400, 401, 403}


@dataclass(frozen=True, slots=True)
class Subscription:
    """A browser: PushSubscription.toJSON()."""

    endpoint: str
    p256dh: str
    auth: str


@dataclass(frozen=True, slots=True)
class Taken:
    """The push service has the message. status: what it answered."""

    status: int


@dataclass(frozen=True, slots=True)
class Refused:
    """The push service will not take it, now or later. status: what it answered; 0 when it was not asked."""

    status: int

    @property
    def for_the_sender(self) -> bool:
        """Whether it is the sender, and so the operator's key, that was refused."""
        return self.status in _NOT_FROM_YOU


@dataclass(frozen=True, slots=True)
class Gone:
    """The push service no longer knows the subscription."""


type PushVerdict = Taken | Refused | Gone | NotYet | NoTurn


@dataclass(frozen=True, slots=True)
class PushNotConfigured:
    """There is no VAPID key: nothing is pushed."""


@dataclass(frozen=True, slots=True)
class PushMisconfigured:
    """A VAPID setting is wrong: the reason says which."""

    reason: str
