"""Evidence bundles: one ZIP that holds a report with all that belongs to it, signed; made here and checked here."""
