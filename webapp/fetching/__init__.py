"""The only door to foreign addresses."""
