"""The query languages of NGSI-LD (ETSI GS CIM 009 V1.9.1, 4.9, 4.10, 4.17, 4.19, 4.21, 4.23): read, matched, compiled to SQL.

Pure: no database, no clock, no framework. `parsing` reads text into the dataclasses of `language` and `selection`;
`matching` decides over one entity in memory, `sql` writes the same decision as a condition of PostgreSQL.
"""
