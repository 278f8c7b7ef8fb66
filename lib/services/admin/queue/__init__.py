"""For operators: numbers, jobs, Prometheus."""
