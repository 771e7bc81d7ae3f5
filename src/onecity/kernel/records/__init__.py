"""Prove: documents, certificates, seals and archive; the package keeps its place in the layers, later work fills it."""
