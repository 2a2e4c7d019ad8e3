# What the kernel's files share: which registers mean what, and the few lines that occur in more than one place.
#
# The kernel has no stack and takes no interrupts. A thread's callee-saved registers stay in the hart until it blocks; its
# caller-saved ones are dead across a system call (guest contract), so the kernel works in those. In all of it:
#   t6   TCB of the running thread (also in sscratch, where each trap finds it)
#   t0   link of the kernel's own subroutines: the thread's ra is not the kernel's to use
# A thread that a fault has stopped starts afresh, so there every register is free.
#
# A header's `clobbers` are the registers that the code from its label to the next header writes; `from`, the labels that
# jump to it, fall into it or leave its address for a later jump, which stands in parentheses.

.macro SAVE_CALLEE tcb
        sd      ra, TCB_ra(\tcb)
        sd      sp, TCB_sp(\tcb)
        sd      gp, TCB_gp(\tcb)
        sd      tp, TCB_tp(\tcb)
        sd      s0, TCB_s0(\tcb)
        sd      s1, TCB_s1(\tcb)
        sd      s2, TCB_s2(\tcb)
        sd      s3, TCB_s3(\tcb)
        sd      s4, TCB_s4(\tcb)
        sd      s5, TCB_s5(\tcb)
        sd      s6, TCB_s6(\tcb)
        sd      s7, TCB_s7(\tcb)
        sd      s8, TCB_s8(\tcb)
        sd      s9, TCB_s9(\tcb)
        sd      s10, TCB_s10(\tcb)
        sd      s11, TCB_s11(\tcb)
.endm

.macro LOAD_CALLEE tcb
        ld      ra, TCB_ra(\tcb)
        ld      sp, TCB_sp(\tcb)
        ld      gp, TCB_gp(\tcb)
        ld      tp, TCB_tp(\tcb)
        ld      s0, TCB_s0(\tcb)
        ld      s1, TCB_s1(\tcb)
        ld      s2, TCB_s2(\tcb)
        ld      s3, TCB_s3(\tcb)
        ld      s4, TCB_s4(\tcb)
        ld      s5, TCB_s5(\tcb)
        ld      s6, TCB_s6(\tcb)
        ld      s7, TCB_s7(\tcb)
        ld      s8, TCB_s8(\tcb)
        ld      s9, TCB_s9(\tcb)
        ld      s10, TCB_s10(\tcb)
        ld      s11, TCB_s11(\tcb)
.endm

# Appends a thread to the run queue. A queue's tail is the address of the link to store into, so that an empty queue is no
# special case here.
.macro MAKE_READY tcb, temp1, temp2
        la      \temp1, kernel
        ld      \temp2, KERNEL_runTail(\temp1)
        sd      zero, TCB_next(\tcb)
        sd      \tcb, 0(\temp2)
        addi    \temp2, \tcb, TCB_next
        sd      \temp2, KERNEL_runTail(\temp1)
.endm

# Appends a served end to its process's ready list.
.macro MAKE_SERVABLE end, process, temp
        ld      \temp, PROCESS_readyTail(\process)
        sd      zero, END_next(\end)
        sd      \end, 0(\temp)
        addi    \temp, \end, END_next
        sd      \temp, PROCESS_readyTail(\process)
.endm

# Where a thread goes on when it is switched to.
.macro RESUME_AT label, tcb, temp
        la      \temp, \label
        sd      \temp, TCB_resume(\tcb)
.endm
