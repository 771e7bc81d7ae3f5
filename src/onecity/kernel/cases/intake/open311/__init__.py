"""Open311 GeoReport v2: the international interface by which any program lists kinds of report, files one and follows it."""
