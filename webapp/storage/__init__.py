"""The only package that uses the database and the bytes of files."""
