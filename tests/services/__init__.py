"""Proofs of the services, on a real Kafka and PostgreSQL."""
