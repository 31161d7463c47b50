"""Does everything here work on this machine's accelerator, and how fast: `verify-device`."""
