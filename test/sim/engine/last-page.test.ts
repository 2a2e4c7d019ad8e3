// An access from the last page of RAM into a page that is mapped elsewhere: two pages, two translations, no end of RAM.
import { expect, test } from "vitest";
import { load } from "../../drivers/machine.ts";

const RAM = 0x8000_0000;
const RAM_BYTES = 4 << 20;
const [ROOT, MIDDLE, LEAVES, ELSEWHERE] = [0x8010_0000, 0x8010_1000, 0x8010_2000, 0x8011_0000];
const LAST = RAM + RAM_BYTES - 0x1000;
const [A0, A1, S2] = [10, 11, 18];

test("an access from RAM's last page goes on in the page that is mapped next, wherever that lies", () => {
  const { machine } = load(" sd a0, 0(a1)\n ld s2, 0(a1)\n", { ramBytes: RAM_BYTES });
  const entry = (phys: number, bits: bigint): bigint => (BigInt(phys >>> 12) << 10n) | bits;
  const put = (phys: number, value: bigint): void => machine.memory.store(phys - RAM, 8, value);
  put(ROOT + 8 * 2, entry(RAM, 0xcfn));
  put(ROOT + 8 * 1, entry(MIDDLE, 1n));
  put(MIDDLE, entry(LEAVES, 1n));
  put(LEAVES, entry(LAST, 0xc7n));
  put(LEAVES + 8, entry(ELSEWHERE, 0xc7n));
  machine.hart.satp = (8n << 60n) | BigInt(ROOT >>> 12);
  machine.hart.mode = 1;
  machine.engine.resume(machine.engine.pcc);
  machine.engine.setX(A0, 0x1122334455667788n);
  machine.engine.setX(A1, 0x4000_0ffdn);
  machine.step();
  machine.step();
  expect(machine.hart.mcause).toBe(0n);
  expect(machine.engine.x(S2)).toBe(0x1122334455667788n);
  expect(machine.memory.load(LAST - RAM + 0xffd, 1)).toBe(0x88n);
  expect(machine.memory.load(ELSEWHERE - RAM, 4)).toBe(0x22334455n);
});
