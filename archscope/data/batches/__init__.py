"""Images as batches on a device: order, augmentation, whitening."""
