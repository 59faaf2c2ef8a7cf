"""The catalogue of messages, for people."""
