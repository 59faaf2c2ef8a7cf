"""Letters and forms, rendered from a notice of placement or a home's word of an arrival."""
