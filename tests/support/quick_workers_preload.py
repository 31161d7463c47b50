"""What the processes of `quick_workers` have, all of them from one."""

import archscope.sweep.run.train_trial
import archscope.training.loop  # noqa: F401 (with torch)
from archscope.data.sets import shapes

shapes.make()
