/**
 * Writes docs/reference.md from the code: reason codes, every closed word of the evidence, defects, limits (house rule 16).
 * `node scripts/reference.ts` writes; `--check` only compares and exits 1 when the file is stale.
 */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { limits } from "../src/base/limits.ts";
import { reasons } from "../src/verdict/reasons.ts";

const root = new URL("../", import.meta.url);
const target = new URL("docs/reference.md", root);

/** The whole page. */
export function referencePage(): string {
  const parts = [
    "# Reference: codes, words and limits",
    "",
    "Made from the code by `node scripts/reference.ts`; a test fails when it is stale.",
    "",
    "## Reason codes of the composite verdict",
    "",
    "`compauth=<result> reason=<code>`. Codes and meanings follow Microsoft's published list; *ours* marks Assay's own. The row is that of the decision table.",
    "",
    "| code | compauth | row | cause | what it means | what the sender can do |",
    "| --- | --- | --- | --- | --- | --- |",
    ...Object.entries(reasons)
      .sort(([one], [two]) => one.localeCompare(two))
      .map(
        ([code, r]) =>
          `| ${code}${r.ours ? " *ours*" : ""} | ${r.compauth} | ${r.row} | ${r.cause} | ${r.meaning} | ${r.senderCan ?? "–"} |`,
      ),
    "",
    "## Words of the evidence",
    "",
    "Result words are RFC 8601's; each result carries one closed `reason`.",
    "",
    ...wordTables(),
    "## Limits",
    "",
    "On everything that comes from outside. Passing one is a named reason, never a crash. The unit is the last word of the name.",
    "",
    "| limit | value |",
    "| --- | --- |",
    ...Object.entries(limits).map(([name, value]) => `| ${name} | ${value} |`),
    "",
  ];
  return parts.join("\n");
}

export type WordList = {
  readonly file: string;
  readonly name: string;
  readonly words: readonly { readonly word: string; readonly note: string }[];
};

/** Every closed list of words in the evidence's result types and in mail/defect.ts: `export type X = | "word" // note` or `export const x = ["word", // note`. */
export function wordLists(): readonly WordList[] {
  const rooms = readdirSync(new URL("src/evidence/", root), { withFileTypes: true }).filter((entry) => entry.isDirectory());
  const files = ["src/mail/defect.ts", ...rooms.map((room) => `src/evidence/${room.name}/result.ts`).sort()];
  return files.flatMap((file) => listsOf(file, readFileSync(new URL(file, root), "utf8")));
}

function listsOf(file: string, source: string): WordList[] {
  const lists: WordList[] = [];
  let open: { name: string; words: { word: string; note: string }[] } | null = null;
  for (const line of source.split("\n")) {
    const start = /^export (?:type|const) (\w*(?:Reason|reasons|Reasons|Advice|advice|Words|words))\b/i.exec(line);
    if (start !== null && !line.includes("typeof")) open = { name: start[1] ?? "", words: [] };
    if (open === null) continue;
    const code = line.replace(/\/\/.*$/, "");
    const note = /\/\/ ?(.*)$/.exec(line)?.[1] ?? "";
    for (const found of code.matchAll(/"([a-z0-9-]+)"/g)) open.words.push({ word: found[1] ?? "", note });
    if (/(;|\] as const;)\s*$/.test(code)) {
      if (open.words.length > 0) lists.push({ file, name: open.name, words: open.words });
      open = null;
    }
  }
  return lists;
}

function wordTables(): string[] {
  return wordLists().flatMap((list) => [
    `### ${title(list)}`,
    "",
    "| word | meaning |",
    "| --- | --- |",
    ...list.words.map(({ word, note }) => `| ${word} | ${note.replaceAll("|", "\\|")} |`),
    "",
  ]);
}

function title(list: WordList): string {
  if (list.file.endsWith("defect.ts")) return "Defects of the message (`evidence.defects`)";
  const room = /evidence\/(\w+)\//.exec(list.file)?.[1] ?? "";
  return `${room}: ${list.name}`;
}

if (import.meta.main) {
  const page = referencePage();
  if (process.argv.includes("--check")) {
    const stale = readFileSync(target, "utf8") !== page;
    if (stale) process.stderr.write("docs/reference.md is stale: run node scripts/reference.ts\n");
    process.exitCode = stale ? 1 : 0;
  } else writeFileSync(target, page);
}
