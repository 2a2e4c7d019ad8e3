# The client: a service that nobody calls. It plays the load, one request after the other, and marks each on the meter.
#
# s0 = next entry of the schedule, s1 = the meter, s2 = requests sent, s3 = requests to send

        .section .text.harness, "ax"

        .globl client_start
# in:       gp = SERVICE of the client, sp; tp = THREAD between processes
# out:      does not return
# clobbers: ra sp t0 t1 s0 s1 a0 a1 a7 s2 s3
# from:     (kernel)
# traps:    the last ecall ends the run
client_start:
        PTR_ADDI sp, sp, -(REQUEST_bytes + REPLY_bytes + 15) / 16 * 16
        PTR_LOAD s0, SERVICE_schedule(gp)
        PTR_LOAD s1, SERVICE_meter(gp)
        li      s2, 0
        ld      s3, SERVICE_scheduleCount(gp)
1:      beq     s2, s3, 2f
        slli    t0, s2, 1
        sd      t0, 0(s1)                       # the request begins
        ld      t1, 0(s0)
        PTR_ADDI s0, s0, 8
        sd      t1, REQUEST_plan(sp)
        sd      s2, REQUEST_sequence(sp)
        PTR_STORE zero, REQUEST_payload(sp)
        PTR_MOVE a0, sp
        PTR_ADDI a1, sp, REQUEST_bytes
        jal     service_entry                   # the plan of a request has one call: to the service that it enters by
        slli    t0, s2, 1
        addi    t0, t0, 1
        sd      t0, 0(s1)                       # it ends
        addi    s2, s2, 1
        j       1b
2:      li      a0, 0
        li      a7, SYS_exit
        ecall
