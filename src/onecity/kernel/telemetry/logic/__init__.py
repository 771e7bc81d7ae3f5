"""The algorithms of telemetry: arrays and plain values in and out, no Django, no network, no clock."""
