"""GET, POST /api/admin/queue/jobs: operators list, redrive, discard, cancel, pause and resume."""

from lib.services.admin.queue.jobs import JobAction, JobsQuery, act_on_jobs, list_jobs
from lib.web import action, admin, endpoint, viewer

app = endpoint(admin, get=action(JobsQuery, list_jobs, authenticate=viewer), post=action(JobAction, act_on_jobs))
