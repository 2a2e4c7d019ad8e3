# The one address space: an Sv39 identity map in 2 MiB global pages. Pages keep kernel, switcher and compartments apart a
# second time; what keeps compartments apart from one another is capabilities alone.

# Address of the entry for an address, in a table whose entries span 2^bit bytes.
.macro ENTRY_AT rd, table, address, bit                 # clobbers rd
        li      \rd, \table + (\address >> \bit) % PAGE_ENTRIES * PTE_bytes
        yaddrw  \rd, s0, \rd
.endm

.macro MAP table, address, bit, flags                   # clobbers t0, t1
        ENTRY_AT t0, \table, \address, \bit
        li      t1, \address >> PAGE_BIT << PTE_PPN_BIT | PTE_V | \flags
        sd      t1, 0(t0)
.endm

.macro LINK_TABLE table, address, bit, next             # clobbers t0, t1
        ENTRY_AT t0, \table, \address, \bit
        li      t1, \next >> PAGE_BIT << PTE_PPN_BIT | PTE_V
        sd      t1, 0(t0)
.endm

.equ PTE_LEAF,   PTE_A | PTE_D | PTE_G
.equ PTE_DEVICE, PTE_LEAF | PTE_R | PTE_W
.equ PTE_MEMORY, PTE_LEAF | PTE_R | 1 << PTE_Y_BIT      # capabilities may rest here

        .section .text.boot, "ax"

        .globl map_memory
# in:       s0 = kernel data
# out:      tables at PAGES_root, as satp will take them; s0 to s11 unchanged
# clobbers: t0 t1 t2 t3
# from:     load
# traps:    never
map_memory:
        LINK_TABLE PAGES_root, DEVICES_base, GIGAPAGE_BIT, PAGES_devices
        LINK_TABLE PAGES_devices, DEVICES_base, MEGAPAGE_BIT, PAGES_grants
        LINK_TABLE PAGES_root, DEVICE_ram, GIGAPAGE_BIT, PAGES_ram
        MAP     PAGES_grants, DEVICE_finisher, PAGE_BIT, PTE_DEVICE
        MAP     PAGES_ram, KERNEL_TEXT_base, MEGAPAGE_BIT, PTE_MEMORY | PTE_X
        MAP     PAGES_ram, KERNEL_DATA_base, MEGAPAGE_BIT, PTE_MEMORY | PTE_W
        MAP     PAGES_ram, SWITCHER_base, MEGAPAGE_BIT, PTE_MEMORY | PTE_X | PTE_U

        ENTRY_AT t0, PAGES_ram, STACKS_base, MEGAPAGE_BIT
        li      t1, STACKS_base >> PAGE_BIT << PTE_PPN_BIT | PTE_V | PTE_MEMORY | PTE_W | PTE_U
        li      t2, MEGAPAGE_bytes >> PAGE_BIT << PTE_PPN_BIT
        ENTRY_AT t3, PAGES_ram, USER_base, MEGAPAGE_BIT
1:      sd      t1, 0(t0)                       # trusted stack and stack
        add     t1, t1, t2
        yaddi   t0, t0, PTE_bytes
        bltu    t0, t3, 1b

        ori     t1, t1, PTE_X                   # t1 is at USER_base; regions of code and data share its pages
        ENTRY_AT t3, PAGES_ram, (USER_base + USER_bytes - 1), MEGAPAGE_BIT
1:      sd      t1, 0(t0)
        add     t1, t1, t2
        yaddi   t0, t0, PTE_bytes
        bgeu    t3, t0, 1b
        j       load_compartments
