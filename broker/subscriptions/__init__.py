"""Councils that subscribe to placements: who may, what each sees, and how long it lasts."""
