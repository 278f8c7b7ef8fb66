"""The version of this product: in /openapi.json, in each run's log lines, and on the operators' page."""

VERSION = "1.0.1"
