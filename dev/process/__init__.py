"""Processes: started in a session of their own, found ready, stopped, and ended with us even by SIGKILL.

Knows nothing of what the processes are: Postgres, the API and the functions are all started from here.
"""
