# Stream sockets: two rings of bytes between two processes, blocking send and receive, and poll over the served ends.
#
# Each byte is copied twice, as through any socket: from the sender into the ring of the receiving end, from there to the
# receiver. A ring that runs empty starts again at its beginning, so that short messages stay in the same few cache lines,
# and at a word, so that aligned buffers are copied by words.
#
# A stream is reset when a thread that uses one of its ends faults (fault.S): what was under way in either direction is
# gone, and the other end says so once, or until its owner polls again if it has one. So no reply to a request from before
# the reset can be taken for the reply to a request from after it.
#
# A descriptor is used by one thread at a time; a second one that would block beside the first is refused.
#
# Kernel code of all categories, two copies, traps and the switch between address spaces included:
# 64 bytes one way, send to receive: 280 instructions
# 64 bytes there and back, with a server that polls: 585 instructions

        .section .text.network, "ax"

# The end that a descriptor names, and whether [bytes, bytes + count) lies in the user's half of the address space.
.macro CHECK_ARGUMENTS descriptor, bytes, count, end
        li      t1, DESCRIPTORS_max
        bgeu    \descriptor, t1, bad_descriptor
        ld      t1, TCB_descriptors(t6)
        slli    \end, \descriptor, 3
        add     t1, t1, \end
        ld      \end, 0(t1)
        beqz    \end, bad_descriptor
        add     t1, \bytes, \count
        or      t2, \bytes, \count
        or      t1, t1, t2
        srli    t1, t1, USER_BITS
        bnez    t1, bad_address
.endm

        .globl send
# Sends bytes; blocks until the last of them is in the peer's ring.
# in:       a0 = descriptor, a1 = bytes, a2 = count; t6 = TCB
# out:      a0 = count, or of what was sent before a fault in the buffer, or -ERROR_x; in user mode
# clobbers: t0 t1 t2 a0 a1 a2 a3 a4 a5 a7 t3 t4 t5
# from:     system_call
# traps:    in copy_bytes
send:
        CHECK_ARGUMENTS a0, a1, a2, t5
        li      a7, 0                           # sent so far
        beqz    a2, send_done
        sd      t6, END_user(t5)
send_checked:                                   # t5 = our end
        ld      t1, END_reset(t5)
        bnez    t1, was_reset
        ld      a0, END_peer(t5)                # the end whose ring is filled
send_more:
        ld      t1, END_ringBytes(a0)
        ld      t2, END_used(a0)
        sub     t3, t1, t2                      # t3 = bytes to copy now: at most what is free
        beqz    t3, send_block
        ld      t4, END_head(a0)
        add     t2, t4, t2                      # where free space begins
        bltu    t2, t1, 1f
        sub     t2, t2, t1
1:      sub     t1, t1, t2                      # and at most up to the ring's end
        bleu    t3, t1, 2f
        mv      t3, t1
2:      bleu    t3, a2, 3f
        mv      t3, a2
3:      ld      a3, END_ring(a0)
        add     a3, a3, t2
        mv      a4, a1
        add     a5, a3, t3
        jal     t0, copy_bytes
        sub     t3, a4, a1
        ld      t1, END_used(a0)
        add     t1, t1, t3
        sd      t1, END_used(a0)
        add     a1, a1, t3
        add     a7, a7, t3
        sub     a2, a2, t3
        ld      t1, END_reader(a0)
        bnez    t1, wake_reader
send_woken:
        ld      t1, END_announce(a0)
        bnez    t1, announce
send_told:                                      # the receiving process knows
        bnez    a2, send_more
send_done:
        mv      a0, a7
        sret

wake_reader:
        sd      zero, END_reader(a0)
        MAKE_READY t1, t2, t4
        j       send_woken

announce:                                       # a served end has data: a thread that polls claims it, or it waits for one that will
        sd      zero, END_announce(a0)
        ld      t2, END_process(a0)
        ld      t1, PROCESS_pollers(t2)
        bnez    t1, 1f
        MAKE_SERVABLE a0, t2, t1
        j       send_told
1:      ld      t4, TCB_next(t1)
        sd      t4, PROCESS_pollers(t2)
        sd      t1, END_owner(a0)
        sd      a0, TCB_claim(t1)
        sd      zero, END_reset(a0)
        ld      t4, END_descriptor(a0)
        sd      t4, TCB_a0(t1)
        MAKE_READY t1, t2, t4
        j       send_told

send_block:
        ld      t1, END_writer(a0)
        bnez    t1, busy
        sd      t6, END_writer(a0)
        sd      a7, TCB_a7(t6)
        sd      a1, TCB_a1(t6)
        sd      a2, TCB_a2(t6)
        sd      t5, TCB_wait(t6)
        RESUME_AT resume_send, t6, t1
        j       block

        .globl resume_send
# Goes on with a send when there is space in the peer's ring, or the stream was reset.
# in:       t6 = TCB
# out:      as send
# clobbers: a1 a2 a7 t5
# from:     send, (switch_to)
# traps:    in copy_bytes
resume_send:
        ld      t5, TCB_wait(t6)
        ld      a1, TCB_a1(t6)
        ld      a2, TCB_a2(t6)
        ld      a7, TCB_a7(t6)
        j       send_checked

        .globl receive
# Receives what is there, up to a count; blocks while nothing is.
# in:       a0 = descriptor, a1 = buffer, a2 = most; t6 = TCB
# out:      a0 = count, or of what was received before a fault in the buffer, or -ERROR_x; in user mode
# clobbers: t0 t1 t2 a0 a1 a2 a3 a4 a5 a7 t3 t4 t5
# from:     system_call
# traps:    in copy_bytes
receive:
        CHECK_ARGUMENTS a0, a1, a2, t5
receive_checked:                                # t5 = our end
        li      a7, 0                           # received so far
        beqz    a2, receive_done
        sd      t6, END_user(t5)
        ld      t1, END_reset(t5)
        bnez    t1, was_reset
        ld      a0, END_used(t5)
        beqz    a0, receive_block
receive_more:                                   # a0 = bytes in the ring
        mv      t3, a0                          # t3 = bytes to copy now: at most those
        ld      t4, END_head(t5)
        ld      t1, END_ringBytes(t5)
        sub     t1, t1, t4                      # up to the ring's end
        bleu    t3, t1, 1f
        mv      t3, t1
1:      bleu    t3, a2, 2f
        mv      t3, a2
2:      ld      a4, END_ring(t5)
        add     a4, a4, t4
        mv      a3, a1
        add     a5, a3, t3
        jal     t0, copy_bytes
        sub     t3, a3, a1
        sub     a0, a0, t3
        sd      a0, END_used(t5)
        add     a1, a1, t3
        add     a7, a7, t3
        sub     a2, a2, t3
        ld      t1, END_head(t5)
        ld      t2, END_ringBytes(t5)
        beqz    a0, 3f                          # empty: start again at the beginning
        add     t1, t1, t3
        bltu    t1, t2, 4f
3:      li      t1, 0
4:      sd      t1, END_head(t5)
        ld      t4, END_writer(t5)
        bnez    t4, wake_writer
receive_told:
        beqz    a2, receive_done
        bnez    a0, receive_more                # at the beginning of the ring
receive_done:
        mv      a0, a7
        sret

wake_writer:                                    # not for every byte: when half the ring is free
        srli    t2, t2, 1
        bgtu    a0, t2, receive_told
        sd      zero, END_writer(t5)
        MAKE_READY t4, t1, t2
        j       receive_told

receive_block:
        ld      t1, END_reader(t5)
        bnez    t1, busy
        sd      t6, END_reader(t5)
        sd      a1, TCB_a1(t6)
        sd      a2, TCB_a2(t6)
        sd      t5, TCB_wait(t6)
        RESUME_AT resume_receive, t6, t1
        j       block

        .globl resume_receive
# Goes on with a receive when data is there, or the stream was reset.
# in:       t6 = TCB
# out:      as receive
# clobbers: t1 a0 a1 a2 t5
# from:     receive, (switch_to)
# traps:    in copy_bytes
resume_receive:
        ld      t5, TCB_wait(t6)
        ld      a1, TCB_a1(t6)
        ld      a2, TCB_a2(t6)
        j       receive_checked

# The stream of t5 was reset: an end that somebody has claimed says so until he polls, another one once.
was_reset:
        ld      t1, END_owner(t5)
        bnez    t1, 1f
        sd      zero, END_reset(t5)
1:      li      a0, -ERROR_reset
        sret
bad_descriptor:
        li      a0, -ERROR_badDescriptor
        sret
bad_address:
        li      a0, -ERROR_badAddress
        sret
busy:
        li      a0, -ERROR_busy
        sret

        .globl poll
# Gives back the end that the thread has claimed, and claims the one that has had data the longest; blocks while none has.
# in:       t6 = TCB
# out:      a0 = descriptor, in user mode
# clobbers: a0 t3 t4 t5
# from:     system_call
# traps:    never
poll:
        ld      t4, TCB_process(t6)
        ld      t5, TCB_claim(t6)
        beqz    t5, claim_next
        sd      zero, TCB_claim(t6)
        sd      zero, END_owner(t5)
        sd      zero, END_user(t5)
        sd      zero, END_reset(t5)
        ld      t3, END_used(t5)
        beqz    t3, 1f
        MAKE_SERVABLE t5, t4, t3                # the next request is already there
        j       claim_next
1:      li      t3, 1
        sd      t3, END_announce(t5)
claim_next:                                     # t4 = process
        ld      t5, PROCESS_ready(t4)
        beqz    t5, poll_block
        ld      t3, END_next(t5)
        sd      t3, PROCESS_ready(t4)
        bnez    t3, 2f
        addi    t3, t4, PROCESS_ready
        sd      t3, PROCESS_readyTail(t4)
2:      ld      t3, END_used(t5)
        beqz    t3, 1b                          # its data is gone: received without poll, or the stream was reset
        sd      t6, END_owner(t5)
        sd      t5, TCB_claim(t6)
        sd      zero, END_reset(t5)             # of a request that nobody had begun to serve
        ld      a0, END_descriptor(t5)
        sret
poll_block:
        ld      t3, PROCESS_pollers(t4)
        sd      t3, TCB_next(t6)
        sd      t6, PROCESS_pollers(t4)
        RESUME_AT resume_result, t6, t3
        j       block
