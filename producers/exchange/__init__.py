"""What an agency does with the files of a system that cannot speak Kafka: import, feed."""
