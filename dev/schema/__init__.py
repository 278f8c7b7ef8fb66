"""`make schema`: write what the migrations make into the database function that the doctor compares with."""
