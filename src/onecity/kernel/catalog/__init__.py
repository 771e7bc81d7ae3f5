"""Share: data sets, quality, lineage and sharing; the package keeps its place in the layers, later work fills it."""
