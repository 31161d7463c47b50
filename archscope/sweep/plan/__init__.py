"""What is to be trained, and on what."""
