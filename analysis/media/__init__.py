"""Bytes and limits in, ``Media`` and its ``Frame`` objects out."""
