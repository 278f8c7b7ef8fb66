"""`make screenshots`: the pictures of docs/dashboard.md, of a queue as it may be after a week, on a temporary stack."""
