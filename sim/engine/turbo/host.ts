// What this engine uses of the host's WebAssembly, as types: the library of ES2023 does not know it.

declare global {
  // eslint-disable-next-line @typescript-eslint/no-namespace
  namespace WebAssembly {
    class Memory {
      constructor(descriptor: { initial: number; maximum: number });
      readonly buffer: ArrayBuffer;
    }
    class Table {
      constructor(descriptor: { element: "anyfunc"; initial: number });
      set(index: number, value: unknown): void;
    }
    class Module {
      constructor(bytes: Uint8Array<ArrayBuffer>);
    }
    class Instance {
      constructor(module: Module, imports: Readonly<Record<string, Readonly<Record<string, unknown>>>>);
      readonly exports: Readonly<Record<string, unknown>>;
    }
  }
}

/** Compiles and instantiates a module; its imports are those of `env`. */
export function instantiate(
  bytes: Uint8Array<ArrayBuffer>,
  env: Readonly<Record<string, unknown>>,
): WebAssembly.Instance {
  return new WebAssembly.Instance(new WebAssembly.Module(bytes), { env });
}
