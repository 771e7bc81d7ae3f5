"""Pure algorithms of the environmental standards: arrays in, arrays out; no Django, no input or output, no clock."""
