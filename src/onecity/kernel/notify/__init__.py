"""Tell: messages to people through channels behind one port."""
