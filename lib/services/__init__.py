"""One use case a module, typed in and out. It knows neither HTTP nor tables.

A service lies where its route lies: that of api/queue/jobs.py is services/queue/jobs.py.
"""
