"""GET /api/admin/queue/diagnostics: what is wrong, and what mends it, for dashboards and the doctor command."""

from lib.model import NoInput
from lib.services.admin.queue.diagnostics import queue_diagnostics
from lib.web import action, endpoint, viewer

app = endpoint(viewer, get=action(NoInput, queue_diagnostics))
