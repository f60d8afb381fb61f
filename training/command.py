"""What is said while the steps run."""

from __future__ import annotations

import sys


def say(*words: object) -> None:
    """One line on standard output, at once."""
    sys.stdout.write(" ".join(str(word) for word in words) + "\n")
    sys.stdout.flush()
