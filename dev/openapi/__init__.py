"""The OpenAPI description of the routes, made of what serves them: python -m dev.openapi writes public/openapi.json."""
