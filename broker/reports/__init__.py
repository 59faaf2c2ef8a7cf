"""Figures of a period, each with the list behind it: how reports are counted and shown."""
