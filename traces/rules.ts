// The rules that decide what the time of a span means, each with a name, its settings and the number of spans it touched.

/** What each rule is set to. The first setting of a rule in {@link RULES} is its default. */
export interface Rules {
  readonly "client-hop": "hop" | "application";
  readonly "infer-leaf": "on" | "off";
  readonly "infer-kind": "on" | "off";
  readonly "local-span": "application" | "ignore";
  readonly concurrency: "overlap" | "sequence";
  readonly "follows-from": "call" | "drop";
  readonly orphan: "root" | "drop";
  readonly "payload-tags": "on" | "off";
}

/** The name of a rule. */
export type RuleName = keyof Rules;

/** A rule as it was applied to one import. */
export interface RuleUse {
  readonly name: RuleName;
  readonly setting: string;
  /** Spans that the rule concerned, whichever way it was set. */
  readonly spans: number;
  /** What the setting means, in one sentence. */
  readonly meaning: string;
}

/** Every rule, in the order of reports: setting → meaning, the default first. */
export const RULES: { readonly [N in RuleName]: { readonly [S in Rules[N]]: string } } = {
  "client-hop": {
    hop: "self time of a client span with a recorded callee is the traced system's own hop, kept apart",
    application: "self time of a client span with a recorded callee is application work of the caller",
  },
  "infer-leaf": {
    on: "a client span with no recorded callee is a call to an inferred leaf service, its self time the leaf's work",
    off: "self time of a client span with no recorded callee is application work of the caller",
  },
  "infer-kind": {
    on: "a span without span.kind is a client where its one callee, or its name, is another service or a store",
    off: "a span without span.kind is a server or local span, never a client",
  },
  "local-span": {
    application: "self time of a local span is application work of the enclosing call",
    ignore: "self time of a local span is left out",
  },
  concurrency: {
    overlap: "calls of one caller that overlap in time form one concurrent group",
    sequence: "calls of one caller run one after another, by start time",
  },
  "follows-from": {
    call: "a span that only follows from its parent is called by it, outside the parent's own time",
    drop: "a span that only follows from its parent is left out with all below it",
  },
  orphan: {
    root: "a span whose parent is not in the trace begins a request of its own",
    drop: "a span whose parent is not in the trace is left out with all below it",
  },
  "payload-tags": {
    on: "sizes of messages are taken from tags that carry them",
    off: "tags that carry sizes of messages are not used",
  },
};

/** The names of all rules, in the order of reports. */
export const RULE_NAMES = Object.keys(RULES) as RuleName[];

/** The settings of one rule, the default first. */
export function settingsOf(name: RuleName): string[] {
  return Object.keys(RULES[name]);
}

/** All rules, with the default where `chosen` says nothing. */
export function withDefaults(chosen: Partial<Rules> = {}): Rules {
  const rules: Record<string, string> = {};
  for (const name of RULE_NAMES) rules[name] = chosen[name] ?? settingsOf(name)[0]!;
  return rules as unknown as Rules;
}

/**
 * Reads rules as a command line gives them, such as `["client-hop=application", "infer-leaf=off"]`.
 * Gives a sentence that says what is wrong, with the names that exist, where one is not a rule.
 */
export function readRules(settings: Iterable<string>): Partial<Rules> | string {
  const rules: Record<string, string> = {};
  for (const text of settings) {
    const [name = "", setting = ""] = text.split("=", 2);
    if (!RULE_NAMES.includes(name as RuleName)) return `no rule "${name}"; the rules are ${RULE_NAMES.join(", ")}`;
    const known = settingsOf(name as RuleName);
    if (!known.includes(setting)) return `rule ${name} is one of ${known.join(", ")}, not "${setting}"`;
    rules[name] = setting;
  }
  return rules as Partial<Rules>;
}

/** How many spans each rule has concerned so far. */
export class RuleCounts {
  readonly #spans = new Map<RuleName, number>();

  add(name: RuleName, spans: number = 1): void {
    this.#spans.set(name, (this.#spans.get(name) ?? 0) + spans);
  }

  report(rules: Rules): RuleUse[] {
    return RULE_NAMES.map((name) => {
      const setting = rules[name];
      const meaning = (RULES[name] as Record<string, string>)[setting]!;
      return { name, setting, spans: this.#spans.get(name) ?? 0, meaning };
    });
  }
}
