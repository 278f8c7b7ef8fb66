"""GET /api/health/queue: for uptime monitors. 503 when the queue does not work, with the reasons."""

from lib.model import NoInput
from lib.services.health.queue import queue_health
from lib.web import action, anyone, endpoint

app = endpoint(
    anyone,
    get=action(NoInput, queue_health, status=lambda reply: 200 if reply.healthy else 503, statuses=(200, 503)),
)
