"""The reports, a file for each: `REPORTS` in a module here is all that the catalogue needs."""
