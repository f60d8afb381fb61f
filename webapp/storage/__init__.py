"""The only door to the database and to the bytes of files."""
