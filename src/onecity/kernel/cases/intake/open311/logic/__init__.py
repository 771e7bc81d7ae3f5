"""The wire format of Open311 without Django: documents, moments, attributes of services."""
