"""GET /api/admin/queue/metrics: the queue's numbers for Prometheus."""

from lib.model import NoInput
from lib.services.admin.queue.metrics import queue_metrics
from lib.web import action, endpoint, viewer

app = endpoint(viewer, get=action(NoInput, queue_metrics))
