# S-mode, once: builds the compartments that the manifest describes, each out of the roots that boot derived.
#
# Nothing here compares addresses to see whether a region belongs to a compartment: a capability is derived from the
# compartment's own, and where that does not hold the region the result has no tag. That compartments do not overlap is
# for the host to check (manifest.ts).

# Atlas, all through this file: s0 to s8 are the roots, as boot left them.
#   s9 the compartment's COMPARTMENT   s10 its code   s11 its data   a0 its number
#   a1 the record of the table being read, a2 where the table ends

.macro TABLE records, count, record_bytes               # a1, a2 = a table of the compartment; clobbers t0
        ld      t0, \records(s9)
        yaddrw  a1, s8, t0
        ld      a2, \count(s9)
        li      t0, \record_bytes
        mul     a2, a2, t0
        add     a2, a2, a1
.endm

.macro ENTRY_OF rd, root, number                        # the ENTRY of a compartment; clobbers t0
        li      t0, ENTRY_bytes
        mul     \rd, \number, t0
        li      t0, entry_stubs
        add     \rd, \rd, t0
        yaddrw  \rd, \root, \rd
.endm

.macro REFUSE_UNTAGGED rs                               # clobbers t0
        ytagr   t0, \rs
        beqz    t0, loader_refuse
.endm

.macro STORE_IN_DATA rs, at                             # store a capability in the compartment; clobbers t0
        ld      t0, \at
        yaddrw  t0, s11, t0
        sy      \rs, 0(t0)                              # outside its data: traps, which refuses
.endm

        .section .text.boot, "ax"

        .globl load
# in:       s0 to s8 = roots; S-mode, translation off
# out:      traps refuse the manifest; U-mode may zero cache blocks and not read clocks
# clobbers: t0
# from:     boot
# traps:    never
load:
        la      t0, loader_refuse
        csrw    stvec, t0
        li      t0, ENVCFG_CBZE
        csrw    senvcfg, t0                     # the switcher zeroes stack slices in U-mode
        csrw    scounteren, zero
        li      t0, SSTATUS_SPIE | SSTATUS_SUM  # threads are preemptible; the kernel may reach their stacks
        csrw    sstatus, t0
        j       map_memory

        .globl load_compartments
# in:       s0 to s8
# out:      a0 = 0, s9 = the first compartment
# clobbers: t0 a0 s9
# from:     map_memory
# traps:    never
load_compartments:
        li      t0, TABLES_compartments
        yaddrw  s9, s8, t0
        li      a0, 0

        .globl load_compartment
# in:       a0, s9
# out:      s10, s11; its ENTRY filled in
# clobbers: t0 t1 t2 s10 s11
# from:     load_compartments, load_grants
# traps:    never
load_compartment:
        li      t0, COMPARTMENT_count
        beq     a0, t0, load_thread
        li      t0, KERNEL_base
        yaddrw  t0, s0, t0
        sd      a0, KERNEL_refused(t0)          # if it is refused, the host finds its number here

        ld      t0, COMPARTMENT_textBase(s9)
        ld      t1, COMPARTMENT_textBytes(s9)
        NARROW  s10, s1, t0, t1
        REFUSE_UNTAGGED s10
        ld      t0, COMPARTMENT_dataBase(s9)
        ld      t1, COMPARTMENT_dataBytes(s9)
        NARROW  s11, s2, t0, t1
        REFUSE_UNTAGGED s11

        ENTRY_OF t1, s4, a0
        ld      t0, COMPARTMENT_entry(s9)
        yaddrw  t0, s10, t0
        sy      t0, ENTRY_target(t1)
        ld      t0, COMPARTMENT_globals(s9)
        yaddrw  t0, s11, t0
        sy      t0, ENTRY_globals(t1)
        sd      a0, ENTRY_compartment(t1)

        ld      t0, COMPARTMENT_stackBytes(s9)
        sd      t0, ENTRY_stackBytes(t1)
        andi    t2, t0, CACHE_BLOCK_bytes - 1
        bnez    t2, loader_refuse               # a slice is zeroed in whole blocks,
        beqz    t0, loader_refuse               # one at least,
        li      t2, SLICE_most_bytes
        bltu    t2, t0, loader_refuse           # and has exact bounds wherever a block begins

        .globl load_links
# in:       a0, s9, s10, s11
# out:      sealed entries of the compartments that it may call, where it asked for them
# clobbers: t0 t1 t2 a1 a2
# from:     load_compartment
# traps:    to loader_refuse
load_links:
        TABLE   COMPARTMENT_links, COMPARTMENT_linkCount, LINK_bytes
1:      beq     a1, a2, load_pointers
        ld      t1, LINK_compartment(a1)
        li      t0, COMPARTMENT_count
        bgeu    t1, t0, loader_refuse
        ENTRY_OF t2, s5, t1
        ysentry t2, t2
        STORE_IN_DATA t2, LINK_at(a1)
        yaddi   a1, a1, LINK_bytes
        j       1b

        .globl load_pointers
# in:       a0, s9, s10, s11
# out:      capabilities for parts of its own regions, read-only unless asked for otherwise
# clobbers: t0 t1 t2 t3 a1 a2
# from:     load_links
# traps:    to loader_refuse
load_pointers:
        TABLE   COMPARTMENT_pointers, COMPARTMENT_pointerCount, POINTER_bytes
1:      beq     a1, a2, load_grants
        ld      t1, POINTER_base(a1)
        ld      t3, POINTER_length(a1)
        NARROW  t2, s11, t1, t3
        ld      t0, POINTER_writable(a1)
        bnez    t0, 3f
        ytagr   t0, t2
        bnez    t0, 2f
        NARROW  t2, s10, t1, t3                 # not in its data: a constant in its text
2:      li      t0, CLEAR_TO_READ
        ypermc  t2, t2, t0
3:      REFUSE_UNTAGGED t2
        STORE_IN_DATA t2, POINTER_at(a1)
        yaddi   a1, a1, POINTER_bytes
        j       1b

        .globl load_grants
# in:       a0, s9, s10, s11
# out:      capabilities for device registers, and their pages mapped; a0, s9 = the next compartment
# clobbers: t0 t1 t2 t3 a0 a1 a2 s9
# from:     load_pointers
# traps:    to loader_refuse
load_grants:
        TABLE   COMPARTMENT_grants, COMPARTMENT_grantCount, GRANT_bytes
1:      beq     a1, a2, 2f
        ld      t1, GRANT_base(a1)
        ld      t3, GRANT_length(a1)
        NARROW  t2, s3, t1, t3
        REFUSE_UNTAGGED t2
        STORE_IN_DATA t2, GRANT_at(a1)

        srli    t1, t1, PAGE_BIT                # the page that holds the registers
        slli    t2, t1, PTE_BIT
        li      t0, PAGES_grants - (DEVICES_base >> PAGE_BIT << PTE_BIT)
        add     t2, t2, t0
        yaddrw  t2, s0, t2                      # t2 = its entry
        ld      t0, 0(t2)
        andi    t0, t0, PTE_V | PTE_U
        addi    t0, t0, -PTE_V
        beqz    t0, loader_refuse               # mapped, but not for compartments: the kernel's own device
        slli    t1, t1, PTE_PPN_BIT
        ori     t1, t1, PTE_DEVICE | PTE_U | PTE_V
        sd      t1, 0(t2)
        yaddi   a1, a1, GRANT_bytes
        j       1b
2:      yaddi   s9, s9, COMPARTMENT_bytes
        addi    a0, a0, 1
        j       load_compartment

        .globl loader_refuse
# in:       s7 = finisher
# out:      does not return; the run ends with STATUS_refused, KERNEL_refused says at which compartment
# clobbers: t0 a0
# from:     load, load_compartment, load_links, load_pointers, load_grants, (a trap in S-mode while stvec points here)
# traps:    never
loader_refuse:
        li      a0, STATUS_refused
        ymv     t0, s7
        j       finish
