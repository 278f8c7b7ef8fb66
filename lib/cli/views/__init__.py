"""What answers look like on a terminal. Nothing here asks."""
