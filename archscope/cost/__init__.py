"""What a network costs: closed-form counts, memory and rooflines; fvcore, and the clock."""

from archscope.cost.formula import Count, NodeCount, count

__all__ = ["Count", "NodeCount", "count"]
