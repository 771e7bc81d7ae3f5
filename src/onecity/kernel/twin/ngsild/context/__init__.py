"""JSON-LD @context of NGSI-LD (clauses 4.4, 5.5.5, 5.5.7, 5.13): core contexts, term tables, resolving and hosting.

This name leads to the pure part; `hosting` keeps documents in the database, `fetching` brings them from elsewhere.
"""

from onecity.kernel.twin.ngsild.context.terms import CORE, Context

__all__ = ["CORE", "Context"]
