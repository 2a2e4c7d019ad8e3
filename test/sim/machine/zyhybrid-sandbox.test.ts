// Hybrid code whole: a capability program calls a plain function, which ddc and the pcc confine to its own data and code.
import { expect, test } from "vitest";
import { run, type Ran } from "../../drivers/machine.ts";

/** The function sums `words` doublewords of a buffer of 64 bytes, and knows nothing of bounds. */
const summing = (words: number, ending = "ret"): Ran =>
  run(
    ` ymodeswy
 .option capmode
 la      t0, fault
 csrw    mtvec, t0
 la      a0, buffer
 ybndswi a0, a0, 64
 csrw    ddc, a0        # all the memory that the function may touch
 mv      a0, a0         # and a pointer to it, an integer
 la      t0, function
 ybndswi t0, t0, 64     # all the code that it may run,
 li      t1, 1
 ymodew  t0, t0, t1     # with integer pointers
 la      s1, back
 ysentry s1, s1         # the way out
 la      ra, leave
 mv      ra, ra
 li      s2, ${words}
 jr      t0
 .balign 4
fault: csrr s3, mcause
 csrr    s4, mtval
back: csrw ddc, zero
 auipc   s5, 0
 ytagr   s5, s5
 la      t6, back
 li      t5, 0x100000
 yaddrw  t6, t6, t5
 li      t5, 0x5555
 sw      t5, 0(t6)
 .balign 64
 .option nocapmode
function: li a1, 0
1: ld    t1, 0(a0)
 add     a1, a1, t1
 addi    a0, a0, 8
 addi    s2, s2, -1
 bnez    s2, 1b
 ${ending}
leave: ymodeswy
 jr      s1
 .balign 64
buffer: .dword 1, 2, 3, 4, 5, 6, 7, 8, 9`,
    { isa: "rv64y_zyhybrid" },
  );
const [A1, S3, S4, S5] = [11, 19, 20, 21];

test("it returns its result through a sealed entry, and its caller has capabilities again", () => {
  const { x, stop } = summing(8);
  expect([stop, x(A1), x(S3), x(S5)]).toEqual([{ kind: "exit", status: 0 }, 36n, 0n, 1n]);
});

test("a read behind its data faults for ddc, and the handler of its caller runs with capabilities", () => {
  const { x, symbol } = summing(9);
  expect([x(S3), x(S4), x(S5)]).toEqual([33n, symbol("buffer") + 64n, 1n]);
});

test("a write before its data faults for ddc", () => {
  const { x, symbol } = summing(8, "sd zero, -72(a0)");
  expect([x(S3), x(S4)]).toEqual([34n, symbol("buffer") - 8n]);
});

test("a jump out of its code faults for the pcc", () => {
  const { x, symbol } = summing(8, "la t0, back\n jr t0");
  expect([x(S3), x(S4)]).toEqual([32n, symbol("back")]);
});

test("the way out, being sealed, is no ddc that authorises anything", () => {
  const { x, symbol } = summing(8, "csrw ddc, s1\n ld t1, 0(a0)");
  expect([x(S3), x(S4)]).toEqual([33n, symbol("buffer") + 64n]);
});
