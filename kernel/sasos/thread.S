# S-mode, once: makes the thread that starts, arms its timer, turns translation on and lets go of every root.

        .section .text.boot, "ax"

        .globl load_thread
# in:       s0 to s8 = roots
# out:      the thread's stack, trusted stack and CONTEXT; sp = CONTEXT
# clobbers: sp t0 t1 t2 a1 a2 a3 a4 s9 s10 s11
# from:     load_compartment
# traps:    to loader_refuse
load_thread:
        # What runs: s10 = its first instruction, s11 = its globals, a4 = bytes of its stack slice.
        li      t0, START_entry
        yaddrw  s9, s4, t0                      # s9 = ENTRY of its compartment
        ly      s10, ENTRY_target(s9)
        ly      s11, ENTRY_globals(s9)
        ld      a4, ENTRY_stackBytes(s9)
        li      t0, START_pc
        yaddrw  s10, s10, t0

        # a1 = trusted stack, a2 = stack: local, so that no compartment can keep a part of it beyond its call.
        DERIVE  a1, s6, TRUSTED_STACK_base, TRUSTED_STACK_bytes, 0
        DERIVE  a2, s6, STACK_base, STACK_bytes, PERM_GL
        li      t0, TRUSTED_STACK_base + CACHE_BLOCK_bytes
        yaddrw  a3, a1, t0                      # a3 = the first FRAME
        sy      a3, TRUSTED_top(a1)
        sd      a3, TRUSTED_first(a1)
        sy      a2, TRUSTED_stack(a1)
        li      t0, TRUSTED_STACK_base + TRUSTED_STACK_bytes - FRAME_bytes
        sd      t0, TRUSTED_last(a1)
        li      t0, STACK_base + STACK_bytes
        sub     t0, t0, a4
        NARROW  t2, a2, t0, a4                  # t2 = its slice, the highest
        sd      t0, FRAME_slice(a3)
        ld      t0, ENTRY_compartment(s9)
        sd      t0, FRAME_compartment(a3)

        # Who may open tokens of trusted stacks: the switcher and the kernel.
        li      t0, switcher_authority
        yaddrw  t0, s4, t0
        sy      a1, 0(t0)
        li      t0, KERNEL_base
        yaddrw  t0, s0, t0
        sy      a1, KERNEL_trusted(t0)
        sy      s7, KERNEL_finisher(t0)
        yaddi   a1, a1, TOKEN_bias
        ysentry a1, a1

        DERIVE  sp, s0, CONTEXT_base, CONTEXT_bytes, 0
        sy      s10, CONTEXT_pcc(sp)
        sy      s11, CONTEXT_gp(sp)
        yadd    t2, t2, a4                      # its stack pointer starts at its slice's top
        sy      t2, CONTEXT_sp(sp)
        sy      a1, CONTEXT_token(sp)
        sy      sp, CONTEXT_next(sp)            # a ring of one

        .globl start
# in:       sp = CONTEXT
# out:      U-mode: CONTEXT's registers replace the roots, the last of their copies
# clobbers: t0 t1
# from:     load_thread
# traps:    never
start:
        la      t0, trap_entry
        csrw    stvec, t0
        li      t0, PAGES_root >> PAGE_BIT | SATP_SV39 << SATP_MODE_BIT
        csrw    satp, t0
        sfence.vma
        ly      t0, CONTEXT_token(sp)
        csrw    utidc, t0
        li      t0, TICK_cycles
        beqz    t0, 1f
        li      t1, SIE_STIE
        csrw    sie, t1
        csrr    t1, time
        add     t0, t0, t1
        csrw    stimecmp, t0
1:      j       resume
