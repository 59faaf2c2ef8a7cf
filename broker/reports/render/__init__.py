"""A report on the screen, as CSV, as one HTML page, as PDF, as JSON."""
