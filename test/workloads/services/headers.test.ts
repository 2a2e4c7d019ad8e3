// The headers of the services' assembly say who comes to a label and what its code writes; the code agrees.
import { DEPLOYMENTS } from "../../../workloads/deploy/deployment.ts";
import { testHeaders } from "../headers.ts";

const CALIBRATION = ["kernel/common/pointer.S", "workloads/services/compute.S", "workloads/services/calibrate.S"];
const symbols = new Map([
  ["CALIBRATE_bytes", 64],
  ["CALIBRATE_turns", 1],
]);

testHeaders([
  ...DEPLOYMENTS.map(({ name, sources, pointerBytes }) => ({ name, sources, pointerBytes, symbols })),
  ...([8, 16] as const).map((pointerBytes) => ({
    name: `calibration, ${pointerBytes} bytes`,
    sources: CALIBRATION,
    pointerBytes,
    symbols,
  })),
]);
