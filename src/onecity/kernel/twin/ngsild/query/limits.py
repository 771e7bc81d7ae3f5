"""How long, deep and wide a query may be, so that no text makes the platform work without end; stated in docs/ngsi-ld.md."""

TEXT = 16_384  # characters of one parameter (q, type, scopeQ, pick, omit, attrs, orderBy)
DEPTH = 24  # parentheses or braces inside one another
TERMS = 256  # conditions of one q, types of one selection, scopes of one scopeQ, members of one projection
VALUES = 1_000  # values of one list, ids of one selection
PATH = 16  # names of one attribute path, members of one trailing path
LINKS = 8  # relationships followed one after another
COORDINATES_TEXT = 1_048_576  # characters of `coordinates`
POSITIONS = 20_000  # positions of a reference geometry
PATTERN_TEXT = 1_024  # characters of a regular expression
PATTERN_STATES = 4_096  # states of its automaton
ORDER_TERMS = 8  # keys of one ordering
