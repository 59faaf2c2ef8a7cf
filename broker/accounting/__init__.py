"""Whether ledger and Kafka agree: Kafka is read independently, and every difference has a name."""
