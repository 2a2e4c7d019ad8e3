# capability: every service a compartment of one address space; a call is a jump to a sealed entry
#             (kernel/sasos/switcher.S).
#
# domains:  one a service: its text and data, its slice of the stack, and what a call lends it
# switched: the register file, gp, the stack slice, all by the switcher; no address space, no privilege level
# copied:   nothing; REQUEST is lent read-only with all that hangs from it, REPLY write-only, neither to be kept after
#           the call
# trusted:  kernel and switcher; of the callee, that its reply is well formed: if not, reading it faults in the caller
#           alone
# crossing: 11 instructions of deploy_call, then the switcher's, which its file counts

# What YPERMC takes from a capability (rvy64-encoding.adoc, bit positions of YPERMR).
.equ LEND_TO_READ, 1 << 0 | 1 << 1 | 1 << 2 | 1 << 4    # W, LM: nothing reached through it is written; LG, GL: nor kept
.equ LEND_TO_WRITE, 1 << 18                             # R: what an earlier callee left there is not read

        .section .text.crossing, "ax"

        .globl deploy_start
# in:       -
# out:      -
# clobbers: -
# from:     (no thread begins here: services are called)
# traps:    breakpoint
deploy_start:
        ebreak
        j       deploy_start

        .globl deploy_call
# in:       a0 = import, a1 = REQUEST, a2 = REPLY, gp = SERVICE of the caller, ra = return
# out:      a0 = 0 or -ERROR_x; REPLY filled in
# clobbers: t0 t1 a0 a1
# from:     service_entry
# traps:    never
deploy_call:
        PTR_LOAD t0, SERVICE_imports(gp)
        slli    t1, a0, IMPORT_BIT
        PTR_ADD t0, t0, t1
        PTR_LOAD t0, IMPORT_entry(t0)
        ybndswi a0, a1, REQUEST_bytes
        li      t1, LEND_TO_READ
        ypermc  a0, a0, t1
        ybndswi a1, a2, REPLY_bytes
        li      t1, LEND_TO_WRITE
        ypermc  a1, a1, t1
        jr      t0                              # the callee returns to our caller
deploy_end:
