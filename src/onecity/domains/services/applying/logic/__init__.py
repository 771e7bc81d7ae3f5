"""Pure algorithms of applying: materials, facts, explanations, samples; they know no framework, no clock and no database."""
