"""Entities as NGSI-LD knows them (ETSI GS CIM 009 V1.9.1): the stored form, reading, merging and representing it."""
