"""Observe: gateways, codecs, the durable log, the pipeline, the hot store and its history."""
