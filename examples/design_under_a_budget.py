"""Which ResNeXt-50 is nearest to a budget, and what does each cardinality cost?

python examples/design_under_a_budget.py
"""

import archscope as a

BUDGET = 70_000  # parameters of a block's convolutions, about those of 1x64d

print("Templates at", f"{BUDGET:,}", "parameters a block (Eq. 4):")
for cardinality in (1, 2, 4, 8, 16, 32, 64):
    template = a.solve_width(cardinality, budget=BUDGET)
    name = f"resnext50_{template.name}"
    cost = a.count(a.network(name))
    print(f"  {name:18} {cost.params:>12,} parameters {cost.macs:>15,} multiply-adds")
