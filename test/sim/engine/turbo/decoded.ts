// Assembly, decoded, as what looks at code finds it.
import { decoder } from "../../../../isa/decode.ts";
import { instructionsOf } from "../../../../isa/table.ts";
import type { Op } from "../../../../sim/engine/code.ts";
import { program } from "../../../drivers/machine.ts";

const ISA = "rv64i";
const WORD_BYTES = 4;

export interface DecodedCode {
  readonly head: bigint;
  readonly at: (pc: bigint) => Op | undefined;
  readonly address: (label: string) => bigint;
}

export function decoded(source: string): DecodedCode {
  const { entry, segments, symbols } = program(source, ISA);
  const { bytes } = segments[0]!;
  const words = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const decode = decoder(instructionsOf(ISA));
  return {
    head: BigInt(entry),
    at: (pc) => {
      const offset = Number(pc) - entry;
      if (offset + WORD_BYTES > bytes.byteLength) return undefined;
      const found = decode(words.getInt32(offset, true))!;
      return { exec: found.insn.exec, operands: found.operands as Op["operands"], bytes: WORD_BYTES, decoded: found };
    },
    address: (label) => BigInt(symbols.get(label)!),
  };
}
