"""The door of NGSI-LD: a lean ASGI application under /ngsi-ld/v1 (ETSI GS CIM 009 V1.9.1, clause 6)."""
