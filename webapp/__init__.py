"""The web application: pages, and their doors to database, file bytes and queue."""
