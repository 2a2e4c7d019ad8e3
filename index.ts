// The library's face: what a program that uses meshsim imports.
export { assemble, type SourceFile } from "./isa/asm/assemble.ts";
export { link } from "./isa/asm/link.ts";
export { formatDiagnostic, type Diagnostic } from "./isa/diagnostic.ts";
export type { Image } from "./isa/image.ts";
export { instructionsOf, parseIsa, type PointerMode } from "./isa/table.ts";
export { resolveMachine, type MachineConfig } from "./sim/config/machine.ts";
export { Interruption } from "./sim/interruption.ts";
export { createMachine, type Machine, type MachineOptions } from "./sim/machine/machine.ts";
export { Core } from "./sim/timing/core.ts";
export { writeTrace } from "./traces/codec.ts";
export { generateTrace } from "./traces/generate.ts";
export { readTrace } from "./traces/read.ts";
export type { Call, Trace } from "./traces/trace.ts";
export { DEPLOYMENTS, deploymentsNamed, type Deployment } from "./workloads/deploy/deployment.ts";
export { replay, type ReplayOptions, type ReplayOutcome } from "./workloads/replay.ts";
export type { DeploymentResult, Result } from "./workloads/result.ts";
