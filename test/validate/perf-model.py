# python3 perf-model.py MODEL LOG: cycles that CVA6's own performance model gives a stretch of a commit log.
#
# MODEL is perf-model of a checkout of openhwgroup/cva6; LOG is of `meshsim exec --no-timing --log-commits LOG` and a program
# without compressed instructions (the model reads those of RV32). The stretch lies between the program's first two marks.
import re
import sys

sys.path.insert(0, sys.argv[1])
import isa
from model import Instruction, Model

# RV64's OP-IMM-32 is timed like OP-IMM, which is all that the model asks.
isa.Instr.type_of_base["OP-IMM-32"] = isa.Instr.type_of_base["OP-IMM"]
METER = "mem 0x0000000000110000"

model = Model(issue=1, commit=2)
marks = 0
with open(sys.argv[2], encoding="utf8") as log:
    for line in log:
        commit = re.match(r"core +0: 3 0x0*([0-9a-f]+) \((0x[0-9a-f]+)\)", line)
        if METER in line:
            marks += 1
        elif commit and marks == 1:
            model.instr_queue.append(Instruction(line, commit.group(1), commit.group(2), ""))
instructions = len(model.instr_queue)
cycles = model.run()
print(f"{instructions} instructions, {cycles} cycles, {instructions / cycles:.3f} instructions a cycle")
