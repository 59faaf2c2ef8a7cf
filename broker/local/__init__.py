"""Apache Kafka on this machine, for the demo, for tests and for one small installation."""
