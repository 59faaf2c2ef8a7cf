"""Files of other systems: read by a mapping, told as messages or a census, and written for them."""
