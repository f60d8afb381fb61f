"""Pages in HTML: each view asks storage, queue and presenters, and fills a template."""
