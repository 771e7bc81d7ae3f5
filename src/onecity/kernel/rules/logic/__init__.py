"""The rule engine: arrays of readings in, runs of exceedance out; no Django, no clock, no input or output."""
