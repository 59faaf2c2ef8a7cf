"""
Bringing a ledger and a Kafka together that do not belong to one moment any more.

After a backup was put back the ledger knows less than Kafka, after Kafka was lost it knows more.
What Kafka remembers is marked in the ledger and decided again as it was, in the same order and at
the same times; everything that comes out otherwise is named.
"""
