"""Where children are placed: what is said of a placement, what it bears on, and the register."""
