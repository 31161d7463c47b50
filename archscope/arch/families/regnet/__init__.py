"""RegNet and AnyNet, whose stages follow from the line of a ramp."""
