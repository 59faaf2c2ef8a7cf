"""The command line of whoever runs Homeward: reads what was typed, asks, and shows the answer."""
