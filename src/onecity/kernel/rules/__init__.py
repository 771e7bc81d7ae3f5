"""Judge: alert rules evaluated over whole batches of observations, as versioned data that staff edit."""
