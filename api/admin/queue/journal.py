"""GET /api/admin/queue/journal: the worker's runs, and what operators did."""

from lib.services.admin.queue.journal import JournalQuery, read_journal
from lib.web import action, endpoint, viewer

app = endpoint(viewer, get=action(JournalQuery, read_journal))
