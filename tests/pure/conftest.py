"""Property tests: the same examples in every run, without a time limit for each, because machines are busy."""

from hypothesis import HealthCheck, settings

settings.register_profile(
    "pure", derandomize=True, deadline=None, database=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("pure")
