"""The queue: jobs, their policies and outcomes, the registry of types, enqueueing and the worker.

It knows nothing of HTTP and of no particular job type.
"""
