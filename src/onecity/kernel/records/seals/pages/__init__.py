"""Pages of seals at the desk: which there are, who may use them, what they were used for, who agrees."""
