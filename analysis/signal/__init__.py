"""Shared mathematics of the analyzers: planes, spectra, residuals, blocks, statistics. Pure functions of arrays."""
