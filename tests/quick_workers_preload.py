"""What the processes of `quick_workers` have, all of them from one."""

import archscope.sweep.worker
import archscope.train.loop  # torch
from archscope.data import shapes

shapes.make()
