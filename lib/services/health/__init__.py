"""For uptime monitors."""
