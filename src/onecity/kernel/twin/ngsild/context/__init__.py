"""JSON-LD @context of NGSI-LD (clauses 4.4, 5.5.5, 5.5.7, 5.13): core contexts, term tables, resolving and hosting."""

from onecity.kernel.twin.ngsild.context.terms import CORE, Context

__all__ = ["CORE", "Context"]
