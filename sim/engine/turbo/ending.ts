// How a block of generated code ends, as its last instruction says.

/** How a block ends. `dynamic`: the target is in the local `target`, and in capability mode its metadata in `targetMeta`. */
export type Ending =
  | { readonly kind: "goto"; readonly target: bigint }
  /** The condition is on the stack. */
  | { readonly kind: "branch"; readonly target: bigint; readonly otherwise: bigint }
  | { readonly kind: "dynamic" }
  /** As dynamic; and the front end starts afresh, perhaps in another mode: after a trap, or an instruction that flushes it. */
  | { readonly kind: "restart"; readonly trap: boolean }
  /** Where the local `restarts` is not 0, the front end starts afresh at what follows; else that simply follows. */
  | { readonly kind: "restartIf"; readonly target: bigint }
  /** An exit was emitted; nothing follows. */
  | { readonly kind: "exit" };
