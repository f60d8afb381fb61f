"""The only door to Redis and RQ."""
