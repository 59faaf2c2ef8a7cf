"""Thresholds that a policy sets: what counts, when one is reached, and what is taken back."""
