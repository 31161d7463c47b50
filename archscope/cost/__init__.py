"""What a network costs: closed-form counts, and fvcore's."""

from archscope.cost.formula import Count, NodeCount, count

__all__ = ["Count", "NodeCount", "count"]
