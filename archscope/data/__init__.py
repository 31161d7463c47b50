"""Images: CIFAR-10 and CIFAR-100, SVHN, folders of images, and the built-in `shapes`.

`load.prepare` finds, downloads or makes a dataset and says what it is (`DatasetInfo`); `load.load`
reads it, as a `View` says. `feed` turns it into batches on a device (with `augment`, for images in
memory, and `files`, for those on disk: the modules here that need torch).
"""
