// The headers of the benchmark kernels say what their code writes; the code agrees.
import { FORMS, KERNELS, kernelSources, POINTER_BYTES } from "../../../workloads/micro/kernels.ts";
import { testHeaders } from "../headers.ts";

const symbols = new Map([
  ["MICRO_bytes", 64],
  ["MICRO_stackBytes", 64],
  ["MICRO_turns", 1],
]);

testHeaders(
  KERNELS.flatMap((kernel) =>
    FORMS.map((form) => ({
      name: `${kernel.name}, ${form}`,
      sources: kernelSources(kernel),
      pointerBytes: POINTER_BYTES[form],
      symbols,
    })),
  ),
);
