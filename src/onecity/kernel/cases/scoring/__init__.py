"""The score card of offices: computed from the history for any period, by a formula that is data with effective dates."""
