"""Trees as `torch.nn` modules, and weights by torchvision's names."""
