"""What is deployed beside the routes: services, job types, the queue and its worker, and the doors to the outside.

Layers, from the top: lib.web, lib.services, lib.jobs, lib.queue, lib.resources, then lib.database and lib.outside.
"""
