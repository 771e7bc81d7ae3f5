"""Where cases wait: bottlenecks, loops and ways read out of the history of cases."""
