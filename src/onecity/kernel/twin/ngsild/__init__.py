"""The twin behind its standard door: NGSI-LD after ETSI GS CIM 009 V1.9.1."""
