"""Whose answers about our VAPID key count: those of services that browsers are made for, and of PUSH_HOSTS."""

import pytest

from lib.outside.http import AllowedHosts, origin_of
from lib.outside.push.services import is_known_service

OPERATORS = AllowedHosts.of(["push.example.com", "127.0.0.1:8080"])


@pytest.mark.parametrize(
    "endpoint",
    [
        "https://fcm.googleapis.com/fcm/send/abc",
        "https://updates.push.services.mozilla.com/wpush/v2/abc",
        "https://web.push.apple.com/abc",
        "https://wns2-par02p.notify.windows.com/w/?token=abc",
        "https://FCM.googleapis.com:443/x",
        "https://push.example.com/x",
        "http://127.0.0.1:8080/push/x",
    ],
)
def test_a_service_of_browsers_or_of_the_operator_is_known(endpoint: str) -> None:
    """As the browsers' vendors name them."""
    origin = origin_of(endpoint)
    assert origin is not None
    assert is_known_service(origin, OPERATORS)


@pytest.mark.parametrize(
    "endpoint",
    [
        "https://evil.example/fcm.googleapis.com",
        "https://fcm.googleapis.com.evil.example/x",
        "https://evilfcm.googleapis.com/x",
        "https://fcm.googleapis.com:8443/x",
        "http://fcm.googleapis.com/x",
        "https://googleapis.com/x",
        "https://notify.windows.com.evil.example/x",
        "https://push.example.com:8443/x",
        "http://127.0.0.1:8081/x",
    ],
)
def test_a_server_of_anybody_is_not(endpoint: str) -> None:
    """Its refusal is its owner's, and says nothing about the key."""
    origin = origin_of(endpoint)
    assert origin is not None
    assert not is_known_service(origin, OPERATORS)
