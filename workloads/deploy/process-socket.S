# process-socket: every service a process; a call is a message over a stream socket (kernel/process/stream.S).
#
# domains:  one a service: an address space
# switched: on each way, through the kernel: privilege level, thread, address space
# copied:   each message three times: encoded into the sender's buffer, into the stream, into the receiver's buffer;
#           decoded strings stay there
# trusted:  the kernel; of the peer nothing: frames and messages are checked
# crossing: 223 instructions of deploy_start, deploy_call, send_message and receive_message, when each frame comes in
#           one piece; then marshalling and the kernel, which their files count
#
# A frame is its length in four bytes, little-endian, and a message. gRPC's is a byte longer, for a compression flag
# (grpc/doc/PROTOCOL-HTTP2.md, Length-Prefixed-Message), and travels in HTTP/2, which costs more than all that is here.
#
# Each thread has its own buffers, as a stack of two: the request that it serves lies at the bottom of the receive
# buffer and of the arena, up to receiveMark and arenaMark; above the marks lies the reply of its last call, which the
# next one overwrites. Serving a request starts from the bottom again. A second activation of the service is another
# thread with other connections.

.equ FRAME_header, 4

        .section .text.crossing, "ax"

        .globl deploy_start
# in:       gp = SERVICE, tp = THREAD, sp
# out:      does not return
# clobbers: ra sp t0 s0 a0 a1 a2 a7
# from:     (kernel)
# traps:    never
deploy_start:
        PTR_ADDI sp, sp, -(REQUEST_bytes + REPLY_bytes + 15) / 16 * 16
serve_next:
        sd      zero, THREAD_receiveMark(tp)
        sd      zero, THREAD_arenaUsed(tp)
        li      a7, SYS_poll
        ecall
        bltz    a0, serve_next
        mv      s0, a0                          # s0 = descriptor
        PTR_MOVE a1, sp
        la      a2, schema_request
        jal     receive_message
        bnez    a0, serve_nothing
        sd      a1, THREAD_receiveMark(tp)
        ld      t0, THREAD_arenaUsed(tp)
        sd      t0, THREAD_arenaMark(tp)
        PTR_MOVE a0, sp
        PTR_ADDI a1, sp, REQUEST_bytes
        jal     service_entry
        bnez    a0, serve_status
serve_reply:
        PTR_ADDI a0, sp, REQUEST_bytes
        la      a1, schema_reply
        mv      a2, s0
        jal     send_message
        li      t0, -ERROR_tooBig
        bne     a0, t0, serve_next              # a peer that is gone is not answered
        PTR_LOAD t0, REQUEST_bytes + REPLY_payload(sp)
        beqz    t0, serve_next
serve_status:                                   # a0 = what went wrong, instead of a reply
        sd      a0, REQUEST_bytes + REPLY_status(sp)
        sd      zero, REQUEST_bytes + REPLY_checksum(sp)
        PTR_STORE zero, REQUEST_bytes + REPLY_payload(sp)
        j       serve_reply
serve_nothing:
        li      t0, -ERROR_malformed
        beq     a0, t0, serve_status
        li      t0, -ERROR_tooBig
        beq     a0, t0, serve_status
        j       serve_next

        .globl deploy_call
# in:       a0 = import, a1 = REQUEST, a2 = REPLY, gp = SERVICE of the caller, tp = THREAD, ra = return
# out:      a0 = 0 or -ERROR_x; REPLY filled in, valid until this thread's next call
# clobbers: ra sp t0 t1 s0 s1 a0 a1 a2
# from:     service_entry
# traps:    never
deploy_call:
        ENTER   0, ra, s0, s1
        PTR_LOAD t0, THREAD_connections(tp)
        slli    t1, a0, 3
        PTR_ADD t0, t0, t1
        ld      s0, 0(t0)                       # s0 = descriptor, s1 = REPLY
        PTR_MOVE s1, a2
        PTR_MOVE a0, a1
        la      a1, schema_request
        mv      a2, s0
        jal     send_message
        bnez    a0, 1f
        ld      t0, THREAD_arenaMark(tp)        # the reply of the last call goes
        sd      t0, THREAD_arenaUsed(tp)
        mv      a0, s0
        PTR_MOVE a1, s1
        la      a2, schema_reply
        jal     receive_message
        bnez    a0, 1f
        ld      a0, REPLY_status(s1)
1:      LEAVE   ra, s0, s1
deploy_end:

        .globl send_message
# in:       a0 = object, a1 = its type, a2 = descriptor, tp = THREAD, ra = return
# out:      a0 = 0 or -ERROR_x
# clobbers: ra sp t0 s0 s1 a0 a1 a2 a3 a7
# from:     deploy_call, deploy_start
# traps:    never
send_message:
        ENTER   0, ra, s0, s1
        mv      s0, a2                          # s0 = descriptor
        PTR_MOVE a2, a0
        PTR_MOVE a3, a1
        PTR_LOAD a1, THREAD_send(tp)
        ld      t0, THREAD_sendBytes(tp)
        PTR_ADD a0, a1, t0
        mv      s1, a0                          # s1 = address of the buffer's end
        addi    a1, a1, FRAME_header
        jal     marshal
        beqz    a0, 2f
        sub     a2, s1, a0                      # a2 = bytes of the message
        PTR_ADDI a1, a0, -FRAME_header
        sb      a2, 0(a1)                       # the length, wherever the message begins
        srli    t0, a2, 8
        sb      t0, 1(a1)
        srli    t0, a2, 16
        sb      t0, 2(a1)
        srli    t0, a2, 24
        sb      t0, 3(a1)
        addi    a2, a2, FRAME_header
        mv      a0, s0
        li      a7, SYS_send
        ecall
        bltz    a0, 1f
        li      a0, 0
1:      LEAVE   ra, s0, s1
2:      li      a0, -ERROR_tooBig
        j       1b

        .globl receive_message
# in:       a0 = descriptor, a1 = object to fill, a2 = its type, tp = THREAD, ra = return
# out:      a0 = 0 or -ERROR_x; a1 = offset of the receive buffer's first free bytes
# clobbers: ra sp t0 s0 s1 a0 a1 a2 a3 a4 a7 s2 s3 s4 s5 s6
# from:     deploy_call, deploy_start
# traps:    never
receive_message:
        ENTER   0, ra, s0, s1, s2, s3, s4, s5, s6
        mv      s0, a0                          # s0 = descriptor, s1 = object, s2 = type
        PTR_MOVE s1, a1
        PTR_MOVE s2, a2
        PTR_LOAD s3, THREAD_receive(tp)
        ld      t0, THREAD_receiveMark(tp)
        ld      s4, THREAD_receiveBytes(tp)
        PTR_ADD s3, s3, t0                      # s3 = where the frame goes, s4 = room there
        sub     s4, s4, t0
        li      s5, 0                           # s5 = bytes that have come, s6 = bytes of the frame, as far as is known
        li      s6, FRAME_header
1:      mv      a0, s0
        PTR_ADD a1, s3, s5
        sub     a2, s4, s5
        li      a7, SYS_receive
        ecall
        blez    a0, receive_broken
        add     s5, s5, a0
        bltu    s5, s6, 1b
        lwu     s6, 0(s3)
        addi    s6, s6, FRAME_header
        bltu    s4, s6, receive_too_big
        bltu    s5, s6, 1b
        li      a0, -ERROR_malformed
        bne     s5, s6, receive_end             # a peer sends nothing before it is answered
        PTR_ADDI a0, s3, FRAME_header
        addi    a1, s6, -FRAME_header
        PTR_MOVE a2, s1
        PTR_MOVE a3, s2
        PTR_ADDI a4, tp, THREAD_arena
        jal     unmarshal
        ld      a1, THREAD_receiveMark(tp)
        add     a1, a1, s6
        addi    a1, a1, 15
        andi    a1, a1, -16
receive_end:
        LEAVE   ra, s0, s1, s2, s3, s4, s5, s6

receive_too_big:                                # take the rest off the stream, so that it can go on
        sub     s6, s6, s5
1:      mv      a0, s0
        PTR_MOVE a1, s3
        mv      a2, s4
        bgeu    s6, a2, 2f
        mv      a2, s6
2:      li      a7, SYS_receive
        ecall
        blez    a0, receive_broken
        sub     s6, s6, a0
        bnez    s6, 1b
        li      a0, -ERROR_tooBig
        j       receive_end

receive_broken:
        bnez    a0, receive_end
        li      a0, -ERROR_reset                # no bytes and no error: the stream has ended
        j       receive_end
