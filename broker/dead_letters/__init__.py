"""Records that were refused: who owes what for them, and how operators work them off."""
