"""What ``python -m analysis`` is made of: its arguments, its inputs, its workers, and the three forms of its answer."""
