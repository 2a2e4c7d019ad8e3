// How a command ends: the exit statuses.

/** Exit statuses of every command; `meshsim help exit-codes` prints this table. */
export const EXIT = {
  ok: { status: 0, meaning: "done" },
  difference: { status: 1, meaning: "a gate failed, a difference was found, or a program reported failure" },
  usage: { status: 2, meaning: "unknown command or option, or a value that does not fit" },
  input: { status: 3, meaning: "an input file is invalid (trace, program, configuration)" },
  guest: { status: 4, meaning: "the simulated program ended in an unexpected fault" },
  limit: { status: 5, meaning: "a limit was reached (--max-instructions, --max-cycles)" },
  bug: { status: 70, meaning: "meshsim failed a check of its own: please report it" },
  interrupted: { status: 130, meaning: "interrupted; what is printed or written is marked as partial" },
} as const;

export type Exit = keyof typeof EXIT;
