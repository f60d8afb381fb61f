"""The web application: pages and API over database, file bytes and queue."""
