"""The pure side of the archive: packages, metadata, retention and the four checks; no Django, no files, no clock."""
