"""All other families: plain stacks of convolutions, and the Inceptions."""
