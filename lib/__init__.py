"""The queue, its worker, the job types and the services behind the routes.

api -> lib.web and the services -> lib.queue -> lib.database. lib.jobs knows lib.queue, never the reverse.
"""
