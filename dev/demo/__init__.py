"""`make demo`: the whole system on this machine, shown at work. One module for each chapter."""
