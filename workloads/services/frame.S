# Stack frames of functions that are written once for both pointer widths. What ENTER keeps, LEAVE restores: of the
# registers that a header says are written, a caller finds these as they were.

.equ PTR_BIT, 3 + CAPABILITY              # log2 of PTR_BYTES
.equ IMPORT_BIT, PTR_BIT + 1             # log2 of IMPORT_bytes

.macro ENTER locals, registers:vararg    # a frame that keeps `registers`, and above them `locals` bytes at LOCALS(sp)
.set LOCALS, 0
.irp r, \registers
.set LOCALS, LOCALS + PTR_BYTES
.endr
.set FRAME, (LOCALS + \locals + 15) / 16 * 16
        PTR_ADDI sp, sp, -FRAME
.set LOCALS, 0
.irp r, \registers
        PTR_STORE \r, LOCALS(sp)
.set LOCALS, LOCALS + PTR_BYTES
.endr
.endm

.macro LEAVE registers:vararg            # back to the caller from the frame that the last ENTER made
.set LOCALS, 0
.irp r, \registers
        PTR_LOAD \r, LOCALS(sp)
.set LOCALS, LOCALS + PTR_BYTES
.endr
        PTR_ADDI sp, sp, FRAME
        ret
.endm

.macro MIX hash, word, scratch           # hash = hash * 31 + word: what workloads/messages.ts foretells
        slli    \scratch, \hash, 5
        sub     \hash, \scratch, \hash
        add     \hash, \hash, \word
.endm
