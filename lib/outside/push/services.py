"""The push services that browsers are made for. Whoever subscribes chooses the endpoint: what any other server answers
says nothing about our key."""

from lib.outside.http import AllowedHosts, Origin

# Of Chrome and most others, Firefox, Safari, Edge: these hosts, and those below them.
_HOSTS = ("fcm.googleapis.com", "push.services.mozilla.com", "push.apple.com", "notify.windows.com")


def is_known_service(origin: Origin, operators: AllowedHosts) -> bool:
    """Whether it is one of theirs, or one that the operator names in PUSH_HOSTS."""
    if operators.allows(origin):
        return True
    is_theirs = any(f".{origin.host}".endswith(f".{host}") for host in _HOSTS)
    return is_theirs and origin.scheme == "https" and origin.has_default_port
