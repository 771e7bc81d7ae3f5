"""How long records of cases are kept: personal data erased when its time is over, and holds that stop it."""
