"""Stronger published networks that an operator adds: what is known of them, what is installed, how they are run."""
