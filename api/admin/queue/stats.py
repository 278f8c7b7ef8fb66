"""GET /api/admin/queue/stats: the queue in numbers, for dashboards."""

from lib.model import NoInput
from lib.services.admin.queue.stats import queue_stats
from lib.web import action, endpoint, viewer

app = endpoint(viewer, get=action(NoInput, queue_stats))
