"""Networks that see: what is known of them, what is installed and how it was built, and how they are run."""
