"""Jobs of the queue's own tests: real types with payloads that only tell the jobs apart."""

from typing import LiteralString

# As of a type whose migration says nothing about its payload. tests/sql/test_payload_keys.py tests the rules.
ALLOW_ANY: LiteralString = """
    update queue_private.job_type_policies set payload_keys = null, required_keys = null
    where payload_keys is not null or required_keys is not null
"""
