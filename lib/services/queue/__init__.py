"""For the platform and trusted services: run the worker, enqueue, look up."""
