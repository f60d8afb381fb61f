"""From measured components to a score, a confidence and words."""
