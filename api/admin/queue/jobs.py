"""GET, POST /api/admin/queue/jobs: operators list, redrive, discard, cancel, edit, delete, pause and resume."""

from lib.services.admin.queue.actions import JobAction, act_on_jobs
from lib.services.admin.queue.jobs import JobsQuery, list_jobs
from lib.web import action, admin, endpoint, viewer

app = endpoint(admin, get=action(JobsQuery, list_jobs, authenticate=viewer), post=action(JobAction, act_on_jobs))
