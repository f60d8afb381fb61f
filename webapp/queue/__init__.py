"""The only package that uses Redis and RQ."""
