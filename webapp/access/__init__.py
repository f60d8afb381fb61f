"""Who may call: tokens, origins, headers, CSRF, limits."""
