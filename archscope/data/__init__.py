"""Images as arrays in memory: CIFAR-10, CIFAR-100 and the built-in `shapes`.

`load.prepare` finds, downloads or makes a dataset and says what it is (`DatasetInfo`); `load.load`
reads it. `augment` (the one module here that needs torch) turns it into batches on a device.
"""
