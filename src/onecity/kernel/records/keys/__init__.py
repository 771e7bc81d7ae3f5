"""Keys that sign, behind one port: software keys now, devices later."""
