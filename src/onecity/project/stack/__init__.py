"""The parts of a running platform: embedded PostgreSQL and NATS, and the supervisor that keeps all processes."""
