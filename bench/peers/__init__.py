"""`make bench-peers`: the same work by other Postgres queues, each through its own client, beside ours."""
