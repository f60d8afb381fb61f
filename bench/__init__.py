"""Measured speed and memory. Ratios are taken within one run, because absolute times differ from machine to machine."""
