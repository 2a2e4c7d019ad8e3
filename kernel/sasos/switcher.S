# U-mode, without ASR: every call between compartments passes here, and every return.
#
# A compartment holds a sealed capability to an ENTRY of another and nothing else of it. Jumping there unseals it, and this
# code runs with the authority of the switcher's own text: to read ENTRYs, and switcher_authority, with which it opens the
# token in utidc. Behind the token is the thread's trusted stack, which no compartment can reach.
#
# Instructions of a crossing, from the jump into an ENTRY to the callee's first, and from its return to the caller's next
# (test/kernel/sasos/switcher.test.ts executes and counts them):
# call: 68   return: 46 and 3 for each 64 bytes of the callee's slice
#
# A trap may come at any instruction: all state is this thread's own, and each direction commits by one store to
# TRUSTED_top. Up to switcher_committed the caller's registers are live and a fault is an error of the call (fault.S); from
# there to switcher_popped a fault unwinds the callee; after that the caller's registers are live again.
#
# Each direction ends the reservation of an LR by an SC to a FRAME. No compartment can have reserved that: the SC fails.

        .section .text.crossing, "ax"

        .balign ENTRY_bytes
        .globl entry_stubs
# in:       a0, a1 = arguments, ra = return, sp gp s0 to s11 the caller's
# out:      t6 = this ENTRY, with the authority of the switcher's text
# clobbers: t6
# from:     (a jump to a sealed entry)
# traps:    never
entry_stubs:
.rept COMPARTMENT_count
        auipc   t6, 0
        j       switcher_call
        .balign ENTRY_bytes, 0                  # the loader fills in the rest
.endr

        .balign PTR_BYTES
        .globl switcher_authority
# in:       data: the capability of all trusted stacks, unsealed; only code with the switcher's authority can load it
# out:      -
# clobbers: -
# from:     -
# traps:    -
switcher_authority:
        .zero   PTR_BYTES

        .globl switcher_no_room
# in:       ra = return, registers the caller's but for temporaries
# out:      a0 = -ERROR_noStack, a1 = 0
# clobbers: a0 a1
# from:     switcher_call
# traps:    never
switcher_no_room:
        li      a0, -ERROR_noStack
        li      a1, 0
        j       switcher_leave

        .globl switcher_call
# in:       t6 = ENTRY, a0, a1 = arguments; ra sp gp s0 to s11 the caller's, whatever they hold: they are kept, not used
# out:      the caller's ra, sp, gp and s0 to s11 kept in a FRAME; t4 = the callee's slice, t3 = its length
# clobbers: t0 t1 t2 t3 t4 t5 a2
# from:     entry_stubs
# traps:    never
switcher_call:
        ly      t0, switcher_authority
        csrr    t1, utidc
        ld      t3, ENTRY_stackBytes(t6)        # t3 = length of the callee's slice
        ysunseal t1, t0, t1                     # t1 = TRUSTED + TOKEN_bias
        ly      t2, TRUSTED_top - TOKEN_bias(t1)
        ld      a2, TRUSTED_last - TOKEN_bias(t1)
        ly      t4, TRUSTED_stack - TOKEN_bias(t1)
        yaddi   t0, t2, FRAME_bytes             # t0 = the callee's FRAME
        ld      t5, FRAME_slice(t2)
        bltu    a2, t0, switcher_no_room
        ld      a2, ENTRY_compartment(t6)
        sub     t5, t5, t3                      # its slice ends where the caller's begins
        bltu    t5, t4, switcher_no_room        # t4's address is the stack's base
        NARROW  t4, t4, t5, t3
        sd      t5, FRAME_slice(t0)
        sd      a2, FRAME_compartment(t0)
        FRAME_REGISTERS sy, t0
        sc.d    zero, zero, (t0)                # the callee must not inherit a reservation
        sy      t0, TRUSTED_top - TOKEN_bias(t1)
        .globl switcher_committed
# in:       t6 = ENTRY, t4 = the callee's slice, t3 = its length
# out:      ra = callee's first instruction, sp, gp = the callee's
# clobbers: ra sp gp
# from:     switcher_call
# traps:    never
switcher_committed:
        yadd    sp, t4, t3
        ly      gp, ENTRY_globals(t6)
        ly      ra, ENTRY_target(t6)
        j       switcher_enter

        .section .text.clear, "ax"

        .globl switcher_enter
# in:       ra = callee's first instruction; a0, a1, sp, gp = what it gets
# out:      ra = switcher_return, all else clear
# clobbers: ra tp t0 t1 t2 s0 s1 a2 a3 a4 a5 a6 a7 s2 s3 s4 s5 s6 s7 s8 s9 s10 s11 t3 t4 t5 t6
# from:     switcher_committed
# traps:    never
switcher_enter:
        CLEAR_TEMPORARIES
.irp r, s0, s1, s2, s3, s4, s5, s6, s7, s8, s9, s10, s11
        li      \r, 0
.endr
        jalr    ra, 0(ra)
        j       switcher_return                 # the link, sealed: using it returns from whatever runs, and no more

        .section .text.crossing, "ax"

        .globl switcher_return
# in:       a0, a1 = results; the rest is the callee's and worth nothing
# out:      ra sp gp s0 to s11 the caller's; t1 = TRUSTED, t6 = the caller's FRAME, t4 to t3 = the callee's slice
# clobbers: ra sp gp t0 t1 t2 s0 s1 s2 s3 s4 s5 s6 s7 s8 s9 s10 s11 t3 t4 t5 t6
# from:     switcher_enter
# traps:    breakpoint, where nobody called: fault.S ends the run
switcher_return:
        ly      t0, switcher_authority
        csrr    t1, utidc
        ysunseal t1, t0, t1                     # t1 = TRUSTED + TOKEN_bias
        ly      t2, TRUSTED_top - TOKEN_bias(t1)
        ld      t3, TRUSTED_first - TOKEN_bias(t1)
        ly      t4, TRUSTED_stack - TOKEN_bias(t1)
        beq     t2, t3, 1f
        ld      t5, FRAME_slice(t2)
        yaddi   t6, t2, -FRAME_bytes
        ld      t3, FRAME_slice(t6)
        yaddrw  t4, t4, t5
        FRAME_REGISTERS ly, t2
        sc.d    zero, zero, (t6)                # nor the caller one of the callee
        j       switcher_wipe
1:      ebreak

        .section .text.clear, "ax"

        .globl switcher_wipe
# in:       as switcher_return leaves it
# out:      the slice is zero, the FRAME popped
# clobbers: t4
# from:     switcher_return
# traps:    never
switcher_wipe:
        cbo.zero (t4)
        yaddi   t4, t4, CACHE_BLOCK_bytes
        bltu    t4, t3, switcher_wipe
        sy      t6, TRUSTED_top - TOKEN_bias(t1)
        .globl switcher_leave
# in:       a0, a1 = results, ra sp gp s0 to s11 the caller's
# out:      back in the caller, all else clear
# clobbers: tp t0 t1 t2 a2 a3 a4 a5 a6 a7 t3 t4 t5 t6
# from:     switcher_wipe, switcher_no_room
# traps:    at the caller, if its ra was no return
switcher_leave:
        CLEAR_TEMPORARIES
        ret
switcher_left:
