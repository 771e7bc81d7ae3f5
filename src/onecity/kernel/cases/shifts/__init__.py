"""Who is on duty where, who fits a case best, cases given by themselves, and the hand-over of a shift."""
