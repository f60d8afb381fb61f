"""The disposable child and the walls around it."""
