"""An agency's own list of absences: owed each month or quarter, taken in, and compared."""
