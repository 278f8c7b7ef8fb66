"""GET, POST /api/queue/jobs: trusted services enqueue jobs and look them up."""

from lib.services.queue.jobs import JobQuery, enqueue_requested, find_job, read_enqueue_request
from lib.web import action, bearer, endpoint

app = endpoint(
    bearer("queue_api_token"),
    get=action(JobQuery, find_job, errors=(404,)),
    post=action(
        read_enqueue_request,
        enqueue_requested,
        status=lambda reply: 201 if reply.created else 200,
        statuses=(200, 201),
        errors=(409,),
        max_body_bytes=4_000_000,
    ),
)
