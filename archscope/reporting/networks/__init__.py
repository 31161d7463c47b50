"""Tables of networks: architectures, counters, designs, times."""
