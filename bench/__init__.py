"""`make bench`: ratios measured in one run, on a Postgres that keeps its promises (fsync on). Nothing here asserts."""
