"""The job types, one page each. Importing this package registers them all."""

from lib.jobs import (
    audit_like_counts,
    cleanup_expired,
    generate_thumbnail,
    process_image,
    recompute_rankings,
    send_notification,
    sync_like_count,
)

__all__ = [
    "audit_like_counts",
    "cleanup_expired",
    "generate_thumbnail",
    "process_image",
    "recompute_rankings",
    "send_notification",
    "sync_like_count",
]
