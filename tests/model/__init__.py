"""The promises as state machines: the real relay and take-in on a small, exact Kafka."""
