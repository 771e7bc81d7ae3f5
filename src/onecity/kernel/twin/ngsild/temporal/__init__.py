"""The history of entities: the temporal half of NGSI-LD (ETSI GS CIM 009 V1.9.1, 4.5.6-4.5.9, 4.5.19, 4.11, 5.6.11-16, 5.7.3, 5.7.4)."""
