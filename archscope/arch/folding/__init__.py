"""What a tree is in eval mode: batch norm in convolutions, and sums of branches as one."""
