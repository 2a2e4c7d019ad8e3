# A service: does what the plan of a request says. The same code under every deployment; how a call reaches another
# service is the deployment's (workloads/deploy).
#
# s0 = REQUEST, s1 = REPLY, s2 = PLAN, s3 = checksum, s4, s5 = CALL at hand and calls left, s6 = the plan's number

        .section .text.application, "ax"

        .globl service_entry
# in:       a0 = REQUEST, a1 = REPLY, gp = SERVICE, sp, ra = return
# out:      a0 = 0, or -ERROR_unknownPlan; REPLY filled in
# clobbers: ra sp t0 t1 t2 s0 s1 a0 a1 a2 a3 s2 s3 s4 s5 s6
# from:     client_start, deploy_start, (a caller's deploy_call, through its IMPORT)
# traps:    where the arguments are not what they must be, or the plan asks for it
service_entry:
        ENTER   REQUEST_bytes + REPLY_bytes, ra, s0, s1, s2, s3, s4, s5, s6
.set OUT_REQUEST, LOCALS
.set OUT_REPLY, LOCALS + REQUEST_bytes
        PTR_MOVE s0, a0
        PTR_MOVE s1, a1
        ld      t0, SERVICE_served(gp)
        addi    t0, t0, 1
        sd      t0, SERVICE_served(gp)
        ld      s6, REQUEST_plan(s0)
        ld      t1, SERVICE_planCount(gp)
        bgeu    s6, t1, service_unknown
        PTR_LOAD t0, SERVICE_plans(gp)
        li      t1, PLAN_bytes
        mul     t1, s6, t1
        PTR_ADD s2, t0, t1

        PTR_LOAD a0, REQUEST_payload(s0)        # read the request
        ld      a1, PLAN_touchBytes(s2)
        li      a2, 0
        jal     touch
        mv      s3, a0
        ld      t0, PLAN_fault(s2)
        bnez    t0, service_fault

        ld      a2, PLAN_iterations(s2)         # compute
        beqz    a2, 1f
        PTR_LOAD a0, SERVICE_workingSet(gp)
        ld      a1, SERVICE_workingSetBytes(gp)
        mv      a3, s3
        jal     compute
        PTR_LOAD t0, SERVICE_workingSet(gp)
        sd      a0, 0(t0)

1:      ld      s5, PLAN_callCount(s2)          # call others
        beqz    s5, service_reply
        PTR_LOAD s4, PLAN_calls(s2)
service_next_call:
        PTR_ADDI a1, sp, OUT_REQUEST
        PTR_ADDI a2, sp, OUT_REPLY
        ld      t0, CALL_plan(s4)
        ld      t1, REQUEST_sequence(s0)
        PTR_LOAD t2, CALL_request(s4)
        ld      a0, CALL_import(s4)
        sd      t0, REQUEST_plan(a1)
        sd      t1, REQUEST_sequence(a1)
        PTR_STORE t2, REQUEST_payload(a1)
        jal     deploy_call
        bnez    a0, service_call_failed
        ld      t0, OUT_REPLY + REPLY_checksum(sp)
        MIX     s3, t0, t1
        PTR_LOAD a0, OUT_REPLY + REPLY_payload(sp)
        ld      a1, CALL_touchBytes(s4)
        mv      a2, s3
        jal     touch                           # read its reply
        mv      s3, a0
service_call_done:
        PTR_ADDI s4, s4, CALL_bytes
        addi    s5, s5, -1
        bnez    s5, service_next_call

service_reply:
        PTR_LOAD t0, SERVICE_results(gp)
        slli    t1, s6, 3
        PTR_ADD t0, t0, t1
        sd      s3, 0(t0)
        PTR_LOAD t0, PLAN_reply(s2)
        sd      zero, REPLY_status(s1)
        sd      s3, REPLY_checksum(s1)
        PTR_STORE t0, REPLY_payload(s1)
        li      a0, 0
service_return:
        LEAVE   ra, s0, s1, s2, s3, s4, s5, s6

service_call_failed:                            # goes on: what failed is in the checksum
        ld      t0, SERVICE_failures(gp)
        addi    t0, t0, 1
        sd      t0, SERVICE_failures(gp)
        li      t0, -1
        MIX     s3, t0, t1
        j       service_call_done

service_unknown:
        li      a0, -ERROR_unknownPlan
        j       service_return

service_fault:                                  # dereferences what no one may
.if CAPABILITY
        PTR_LOAD t0, REQUEST_payload(s0)        # one byte beyond the payload
        ylenr   t1, t0
        yadd    t0, t0, t1
        lbu     t0, 0(t0)
.else
        lbu     t0, 0(zero)                     # page 0, which no process has
.endif
        ebreak
