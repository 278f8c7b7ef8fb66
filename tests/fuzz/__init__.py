"""The routes under schemathesis, which makes requests from public/openapi.json: right ones and wrong ones."""
