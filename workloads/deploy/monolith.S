# monolith: every service in one process; a call is a function call. The floor under all other deployments.
#
# domains:  one, and a fault in any service is a fault of all
# switched: gp
# copied:   nothing; request and reply pass by reference
# trusted:  every service, with the memory of every other
# crossing: 15 instructions of deploy_call

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
# clobbers: ra sp gp t0 t1 a0 a1
# from:     service_entry
# traps:    never
deploy_call:
        ENTER   0, ra, gp
        PTR_LOAD t0, SERVICE_imports(gp)
        slli    t1, a0, IMPORT_BIT
        PTR_ADD t0, t0, t1
        PTR_LOAD gp, IMPORT_globals(t0)
        PTR_LOAD t0, IMPORT_entry(t0)
        PTR_MOVE a0, a1
        PTR_MOVE a1, a2
        jalr    ra, 0(t0)
        LEAVE   ra, gp
deploy_end:
