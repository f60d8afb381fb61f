"""From what someone sends to a queued row."""
