"""The app as it was: its schema, its worker, its cron route. Wrong on purpose: see DIAGNOSTIC_FINDINGS.md."""
