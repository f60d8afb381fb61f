"""The only package that fetches foreign addresses."""
