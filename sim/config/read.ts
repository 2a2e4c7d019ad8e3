// Reads a machine's configuration file into settings, each with its line and column.
import { JsonError, parseJson, type JsonNode, type JsonPlace } from "./json.ts";
import type { Place, Setting, Settings } from "./settings.ts";

/** The file's settings in its order; what is not a configuration at all is complained of in `settings`. */
export function readSettings(file: { readonly name: string; readonly text: string }, settings: Settings): Setting[] {
  const lines = file.text.split(/\r?\n/);
  const place = (at: JsonPlace): Place => ({ file: file.name, ...at, source: lines[at.line - 1] ?? "" });
  try {
    const root = parseJson(file.text);
    if (root.kind === "object") return settingsOf(root, place);
    settings.complain(
      place(root.at),
      "expected an object of parameters",
      'as in { "preset": "rocket@1", "l1d": { "ways": 4 } }',
    );
  } catch (error) {
    if (!(error instanceof JsonError)) throw error;
    settings.complain(place(error.at), error.message);
  }
  return [];
}

function settingsOf(node: JsonNode, place: (at: JsonPlace) => Place, prefix = ""): Setting[] {
  if (node.kind !== "object") return [];
  return node.members.flatMap((m): Setting[] => {
    const key = prefix + m.key;
    if (m.value.kind === "object") return settingsOf(m.value, place, `${key}.`);
    const value = m.value.kind === "scalar" ? m.value.value : [];
    return [{ key, value, place: place(m.value.kind === "scalar" ? m.value.at : m.at) }];
  });
}
