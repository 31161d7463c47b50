"""What the processes of `quick_workers` have, all of them from one."""

import archscope.sweep.worker
import archscope.train.loop  # noqa: F401 (with torch)
from archscope.data import shapes

shapes.make()
