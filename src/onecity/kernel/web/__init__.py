"""Show: shell, design system, maps, charts, forms and live updates."""
