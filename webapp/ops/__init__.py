"""What operators and their machines ask: health, metrics, checks, commands."""
