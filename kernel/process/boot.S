# From reset to the first thread: firmware in M-mode, then the kernel in S-mode, which builds the address spaces.

        .section .text.boot, "ax"

        .balign 4
        .globl boot
# Firmware: hands every trap and the timer to S-mode, opens counters and memory to it, and enters the kernel where all
# address spaces have it: in the upper half, through pages of a gibibyte each, global.
# in:       nothing
# out:      does not return
# clobbers: t0 t1 t2 t3 t4
# from:     (reset)
# traps:    an illegal instruction where the hart has no PMP: skipped
boot:
        la      t0, 1f
        csrw    mtvec, t0
        li      t0, -1
        csrw    pmpaddr0, t0                    # S and U may use all of memory; page tables say which of it
        li      t0, PMP_NAPOT_RWX
        csrw    pmpcfg0, t0
        .balign 4
1:      la      t0, firmware_trap
        csrw    mtvec, t0
        li      t0, -1
        csrw    medeleg, t0
        csrw    mideleg, t0
        csrw    mcounteren, t0
        csrw    scounteren, t0
        li      t0, ENVCFG_CBZE
        csrw    senvcfg, t0
        li      t1, 1 << MENVCFG_STCE_BIT
        or      t0, t0, t1
        csrw    menvcfg, t0
        la      t0, kernel_root                 # gigapage i of physical memory at KERNEL_OFFSET + i GiB
        srli    t4, t0, PAGE_BIT
        li      t1, PAGE_bytes / 2
        add     t0, t0, t1
        li      t1, PTE_V | PTE_R | PTE_W | PTE_X | PTE_G | PTE_A | PTE_D
        li      t2, 1 << (GIGAPAGE_BIT - PAGE_BIT + PTE_PPN_BIT)
        li      t3, KERNEL_GIGAPAGES
2:      sd      t1, 0(t0)
        add     t1, t1, t2
        addi    t0, t0, PTE_bytes
        addi    t3, t3, -1
        bnez    t3, 2b
        li      t0, SATP_SV39 << SATP_MODE_BIT
        or      t0, t0, t4
        csrw    satp, t0                        # in force from the mret on; ASID 0
        li      t0, MSTATUS_MPP
        csrc    mstatus, t0
        li      t0, MSTATUS_MPP_S
        csrs    mstatus, t0
        la      t0, boot_supervisor
        li      t1, KERNEL_OFFSET
        add     t0, t0, t1
        csrw    mepc, t0
        mret

# The kernel never calls the firmware: a trap that reaches it is the kernel's end.
        .balign 4
firmware_trap:
        li      t0, FINISHER_fail | STATUS_machineTrap << FINISHER_codeBit
        li      t1, DEVICE_finisher
        sw      t0, 0(t1)
1:      j       1b

        .globl boot_supervisor
# Builds the address spaces, makes the threads ready, starts the timer and switches to the first thread.
# in:       S-mode, in the upper half
# out:      does not return
# clobbers: ra t0 t1 t2 s0 s1 s2 s3 t6
# from:     boot
# traps:    never
boot_supervisor:
        sfence.vma                              # the only one: from here on no translation ever changes
        la      t0, trap_vector
        addi    t0, t0, 1                       # vectored
        csrw    stvec, t0
        la      s0, kernel
        ld      s1, KERNEL_processes(s0)
        ld      s2, KERNEL_processCount(s0)
        li      s3, 1                           # ASID
1:      jal     build_space
        addi    s1, s1, PROCESS_stride
        addi    s3, s3, 1
        addi    s2, s2, -1
        bnez    s2, 1b

        ld      t6, KERNEL_threads(s0)
        ld      s2, KERNEL_threadCount(s0)
2:      jal     t0, begin_thread
        ld      t1, TCB_process(t6)
        ld      t2, PROCESS_satp(t1)
        sd      t2, TCB_satp(t6)
        MAKE_READY t6, t1, t2
        addi    t6, t6, TCB_stride
        addi    s2, s2, -1
        bnez    s2, 2b

        li      t0, -1                          # never
        ld      t1, KERNEL_tickCycles(s0)
        beqz    t1, 3f
        csrr    t0, time
        add     t0, t0, t1
3:      csrw    stimecmp, t0
        li      t0, SIE_STIE
        csrw    sie, t0
        li      t0, SSTATUS_SPP | SSTATUS_SIE
        csrc    sstatus, t0
        j       run_next

        .globl build_space
# Builds the address space of a process from its mappings; they say which page sizes fit.
# in:       s0 = kernel, s1 = PROCESS, s3 = ASID
# out:      PROCESS_satp
# clobbers: t0 t1 t2 s4 s5 s6 s7 s8 s9 s10 t3 t4
# from:     boot_supervisor
# traps:    never
build_space:
        jal     t0, new_table
        mv      s4, t5                          # root
        la      t1, kernel_root                 # its upper half is the kernel's, the same in all
        li      t2, PAGE_bytes / 2
        add     t1, t1, t2
        add     t2, s4, t2
        li      t3, KERNEL_GIGAPAGES
1:      ld      t4, 0(t1)
        sd      t4, 0(t2)
        addi    t1, t1, PTE_bytes
        addi    t2, t2, PTE_bytes
        addi    t3, t3, -1
        bnez    t3, 1b
        li      t1, KERNEL_OFFSET
        sub     t1, s4, t1
        srli    t1, t1, PAGE_BIT
        slli    t2, s3, SATP_ASID_BIT
        or      t1, t1, t2
        li      t2, SATP_SV39 << SATP_MODE_BIT
        or      t1, t1, t2
        sd      t1, PROCESS_satp(s1)
        ld      s5, PROCESS_mappings(s1)
        ld      s6, PROCESS_mappingCount(s1)
2:      beqz    s6, 4f
        ld      s7, MAPPING_virt(s5)
        ld      s8, MAPPING_phys(s5)
        ld      s9, MAPPING_length(s5)
        ld      s10, MAPPING_flags(s5)
3:      jal     t0, map_page                    # s11 = its bytes
        add     s7, s7, s11
        add     s8, s8, s11
        sub     s9, s9, s11
        bnez    s9, 3b
        addi    s5, s5, MAPPING_bytes
        addi    s6, s6, -1
        j       2b
4:      ret

        .globl map_page
# Maps one page: a megapage where addresses and length permit.
# in:       s4 = root, s7 = virtual address, s8 = physical address, s9 = bytes left, s10 = flags; t0 = link
# out:      s11 = bytes mapped
# clobbers: t0 t1 t2 s11 t3 t4
# from:     build_space
# traps:    never
map_page:
        mv      t4, t0
        srli    t1, s7, GIGAPAGE_BIT
        slli    t1, t1, 3
        add     t3, s4, t1
        jal     t0, table_of                    # t3 = entry of the root, then table
        srli    t1, s7, MEGAPAGE_BIT
        andi    t1, t1, PAGE_bytes / PTE_bytes - 1
        slli    t1, t1, 3
        add     t3, t3, t1
        li      s11, MEGAPAGE_bytes
        bltu    s9, s11, 1f
        or      t1, s7, s8
        addi    t2, s11, -1
        and     t1, t1, t2
        beqz    t1, 2f
1:      jal     t0, table_of
        srli    t1, s7, PAGE_BIT
        andi    t1, t1, PAGE_bytes / PTE_bytes - 1
        slli    t1, t1, 3
        add     t3, t3, t1
        li      s11, PAGE_bytes
2:      srli    t1, s8, PAGE_BIT
        slli    t1, t1, PTE_PPN_BIT
        or      t1, t1, s10
        sd      t1, 0(t3)
        jr      t4

        .globl table_of
# The table that an entry points to, a new one if it points to none.
# in:       t3 = address of the entry; t0 = link
# out:      t3 = address of the table
# clobbers: t0 t1 t2 s11 t3
# from:     map_page
# traps:    never
table_of:
        li      t2, KERNEL_OFFSET
        ld      t1, 0(t3)
        beqz    t1, 1f
        srli    t1, t1, PTE_PPN_BIT
        slli    t1, t1, PAGE_BIT
        add     t3, t1, t2
        jr      t0
1:      mv      s11, t0
        jal     t0, new_table
        sub     t1, t5, t2
        srli    t1, t1, PAGE_BIT
        slli    t1, t1, PTE_PPN_BIT
        ori     t1, t1, PTE_V
        sd      t1, 0(t3)
        mv      t3, t5
        jr      s11

        .globl new_table
# A page for a table; memory that the kernel has not used yet is zero.
# in:       s0 = kernel; t0 = link
# out:      t5 = page
# clobbers: t1 a0 t5
# from:     build_space, table_of
# traps:    never
new_table:
        ld      t5, KERNEL_pageTables(s0)
        ld      t1, KERNEL_pageTablesEnd(s0)
        bgeu    t5, t1, 1f
        li      t1, PAGE_bytes
        add     t1, t5, t1
        sd      t1, KERNEL_pageTables(s0)
        jr      t0
1:      li      a0, STATUS_kernelTrap            # the manifest's tables were miscounted
        j       end_run

        .section .bss
        .balign PAGE_bytes
kernel_root:
        .space  PAGE_bytes
