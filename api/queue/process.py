"""GET (Vercel Cron, and runs that start another) and POST /api/queue/process: one invocation of the worker."""

from lib.model import NoInput
from lib.services.queue.process import RunRequest, process_queue_by_cron, process_queue_by_hand
from lib.web import action, bearer, endpoint

app = endpoint(
    bearer("cron_secret"),
    get=action(RunRequest, process_queue_by_cron, is_safe=False),
    post=action(NoInput, process_queue_by_hand),
)
