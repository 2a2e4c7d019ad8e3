// The generated pages of docs/, as they should be.
import { format } from "prettier";
import { csrPage } from "./csr.ts";
import { isaPage } from "./isa.ts";
import { parametersPage } from "./parameters.ts";

const PAGES = { "docs/isa.md": isaPage, "docs/csr.md": csrPage, "docs/parameters.md": parametersPage } as const;

export type PagePath = keyof typeof PAGES;
export const PAGE_PATHS = Object.keys(PAGES) as PagePath[];

/** The text of a page, formatted as `npm run format` would. */
export function pageText(path: PagePath): Promise<string> {
  return format(PAGES[path](), { parser: "markdown", printWidth: 120 });
}
