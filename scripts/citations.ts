/**
 * `npm run citations [-- --quiet]`: every citation of an RFC in the sources, as "RFC 7208 §4.6.4  src/…:12", sorted by section: the way from
 * a paragraph of a standard to the code that follows it. Fails on a citation that is not in the one fixed form
 * (`RFC NNNN §x.y`, appendices as `§A.2`) and on a section that the RFC does not have. Sections are read from the RFC texts of
 * the corpora; of an RFC that is not there only the form is checked.
 */
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { sourcesIn } from "../test/architecture/sources.ts";
import { corpusPath } from "../test/corpora.ts";

export type Citation = { readonly rfc: number; readonly section: string; readonly file: string; readonly line: number };
export type Citations = { readonly citations: readonly Citation[]; readonly faults: readonly string[] };

/** Texts that stand for an RFC: the last draft of RFC 9989, and RFC 7601 for its successor, whose sections kept their numbers. */
const stands: Readonly<Record<number, string>> = { 9989: "rfc9989-draft-41.txt", 8601: "rfc7601.txt" };
/** Behind "RFC 6376 §3.5" the citation goes on: ", §3.7" and "and §6.1.1" are of the same RFC. */
const mention = /\bRFC ([1-9]\d{2,4})((?:(?:,? (?:and|or|to) |, |-| )?§§?[^\s,;:()"'`\]]*)*)/g;
const wellFormed = /^(?:\d+|[A-Z])(?:\.\d+)*$/;
/** Near misses: no space, a hyphen, or the section in words. */
const malformed = /\bRFC[-_ ]?\d{3,4}(?:'s)?,? (?:sections?|sec\.|appendix|app\.|chapter) [\dA-Z]|\bRFC[-_]?\d{3,4},? §/gi;

/** The citations of one file, and those that are not in the fixed form. */
export function citationsIn(file: string, text: string): Citations {
  const citations: Citation[] = [];
  const faults: string[] = [];
  text.split("\n").forEach((content, index) => {
    const line = index + 1;
    for (const match of content.matchAll(mention)) {
      for (const written of (match[2] ?? "").split("§").slice(1)) {
        const section = written.replace(/(?: (?:and|or|to) |[,. -]|'s)*$/, "");
        if (written.startsWith("${")) continue; // a template: its value is not known here
        if (wellFormed.test(section)) citations.push({ rfc: Number(match[1]), section, file, line });
        else faults.push(`${file}:${line} RFC ${match[1]} §${written}: the form is RFC NNNN §x.y`);
      }
    }
    for (const [found] of content.matchAll(malformed)) faults.push(`${file}:${line} "${found}": the form is RFC NNNN §x.y`);
  });
  return { citations, faults };
}

/** Section numbers of an RFC's plain text: headings stand at the start of a line, those of its table of contents do not. */
export function sectionsOf(text: string): ReadonlySet<string> {
  const sections = new Set<string>();
  for (const [, number = "", letter = ""] of text.matchAll(/^(?:(\d+(?:\.\d+)*|[A-Z](?:\.\d+)+)\.|Appendix ([A-Z](?:\.\d+)*)[.:]) +\S/gm)) {
    sections.add(number || letter);
  }
  return sections;
}

/** Sections that do not exist, one line each. */
export function unknownSections(citations: readonly Citation[]): readonly string[] {
  const known = new Map<number, ReadonlySet<string> | null>();
  return citations
    .filter(({ rfc, section }) => {
      if (!known.has(rfc)) known.set(rfc, sectionsOfRfc(rfc));
      return known.get(rfc)?.has(section) === false;
    })
    .map(({ rfc, section, file, line }) => `${file}:${line} RFC ${rfc} has no §${section}`);
}

function sectionsOfRfc(rfc: number): ReadonlySet<string> | null {
  const folder = corpusPath("rfc");
  const path = folder === null ? null : `${folder}/${stands[rfc] ?? `rfc${rfc}.txt`}`;
  return path !== null && existsSync(path) ? sectionsOf(readFileSync(path, "utf8")) : null;
}

/** All citations of the project's code, by RFC, section, file and line. */
export function allCitations(): Citations {
  // The tests of the rules cite what does not exist.
  const sources = sourcesIn("src", "lab", "bench", "test", "scripts").filter(({ path }) => !path.startsWith("test/architecture/"));
  const each = sources.map(({ path, text }) => citationsIn(path, text));
  const order = new Intl.Collator("en", { numeric: true });
  const key = ({ rfc, section, file, line }: Citation): string => `${rfc} ${section} ${file} ${line}`;
  const citations = each.flatMap((found) => found.citations).sort((a, b) => order.compare(key(a), key(b)));
  const faults = [...each.flatMap((found) => found.faults), ...unknownSections(citations)];
  return { citations, faults };
}

function main(): void {
  const { citations, faults } = allCitations();
  if (!process.argv.includes("--quiet")) {
    for (const { rfc, section, file, line } of citations) console.log(`${`RFC ${rfc} §${section}`.padEnd(20)}${file}:${line}`);
  }
  const cited = new Set(citations.map(({ rfc, section }) => `${rfc} ${section}`)).size;
  console.error(`${citations.length} citations of ${cited} sections, ${faults.length} faults`);
  for (const fault of faults) console.error(fault);
  if (faults.length > 0) process.exitCode = 1;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) main();
