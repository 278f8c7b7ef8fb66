"""GET, POST /api/admin/queue/journal: the worker's runs, and what operators did; an operator starts a run."""

from lib.services.admin.queue.journal import JournalQuery, read_journal
from lib.services.admin.queue.runs import RunAction, start_run
from lib.web import action, admin, endpoint, viewer

app = endpoint(admin, get=action(JournalQuery, read_journal, authenticate=viewer), post=action(RunAction, start_run))
