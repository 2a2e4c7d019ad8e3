// What generated code knows of its points is forgotten where it no longer holds.
import { expect, test } from "vitest";
import { POINTS_BYTES, PointTable } from "../../../../sim/engine/turbo/points.ts";
import { APPROACH } from "../../../../sim/engine/turbo/shortcuts.ts";
import { linearStorage } from "../../../../sim/timing/part.ts";
import { NOBODY } from "../../../../sim/timing/transitions.ts";

test.each([
  ["code is forgotten", (points: PointTable) => points.clear()],
  ["states have new numbers", (points: PointTable) => points.forget(false)],
])("no shortcut is known when %s", (_, forget) => {
  const pages = Math.ceil(POINTS_BYTES / 2 ** 16) + 1;
  const memory = new WebAssembly.Memory({ initial: pages, maximum: pages });
  const points = new PointTable(linearStorage(memory, 64));
  const words = new Int32Array(memory.buffer);
  const state = (points.shortcuts.approachesAt + APPROACH.state) / 4;
  words[state] = 7;
  forget(points);
  expect(words[state]).toBe(NOBODY);
});
