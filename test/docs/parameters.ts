// docs/parameters.md: every parameter of a machine, with its unit, range and default, and its value in each preset.
import { machineParams } from "../../sim/config/machine.ts";
import { flatten } from "../../sim/config/params.ts";
import { PRESETS } from "../../sim/config/presets/table.ts";
import { GENERATED, markdownTable } from "./page.ts";

const INTRODUCTION = `# Parameters of a machine

${GENERATED}

A machine is a preset, then a configuration file (\`--machine FILE\`), then single settings (\`--set l1d.ways=4\`); later
ones win. \`meshsim config\` prints the resolved machine. A preset is never edited in place: a
changed machine gets the next number. What the parts do with the parameters is in [timing.md](timing.md); the source of
each value of a preset stands beside it in \`sim/config/presets/\`.
`;

/** The page. */
export function parametersPage(): string {
  const parameters = flatten(machineParams);
  const rows = parameters.map(([key, p]) => [`\`${key}\``, p.unit, String(p.default), p.expected, p.doc]);
  const values = parameters.map(([key, p]) => [
    `\`${key}\``,
    ...PRESETS.map((preset) => {
      const value = valueAt(preset.values, key);
      return value === undefined ? String(p.default) : String(value);
    }),
  ]);
  return [
    INTRODUCTION,
    "## Parameters\n",
    markdownTable(["parameter", "unit", "default", "takes", "meaning"], rows),
    "\n## Presets\n",
    PRESETS.map((preset) => `- \`${preset.name}\`: ${preset.title}`).join("\n"),
    "",
    markdownTable(["parameter", ...PRESETS.map((preset) => `\`${preset.name}\``)], values),
    "",
  ].join("\n");
}

/** The value at a dotted key of nested settings. */
function valueAt(values: unknown, key: string): unknown {
  return key
    .split(".")
    .reduce<unknown>(
      (at, name) => (typeof at === "object" && at !== null ? (at as Record<string, unknown>)[name] : at),
      values,
    );
}
