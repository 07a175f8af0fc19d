/**
 * Writes docs/reference.md from the code: reason codes, every closed word of the evidence, defects, limits (house rule 16).
 * `node scripts/reference.ts` writes; `--check` only compares and exits 1 when the file is stale.
 */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { limits } from "../src/base/limits.ts";
import { eopAction, eopDkim, eopDmarc, eopSpf } from "../src/stamp/eop-words.ts";
import { type ReasonText, reasons } from "../src/verdict/reasons.ts";
import { reasonFamilies, reasonsOfOthers } from "../src/verdict/reasons-of-others.ts";

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
    "`compauth=<result> reason=<code>`. Codes and meanings follow Microsoft's published list; *ours* marks Assay's own, *seen* a number that is only seen in real mail. The rows are those of the decision table, the usual one first.",
    "",
    "| code | compauth | row | cause | what it means | what the sender can do |",
    "| --- | --- | --- | --- | --- | --- |",
    ...Object.entries(reasons)
      .sort(([one], [two]) => one.localeCompare(two))
      .map(
        ([code, r]) => `| ${code}${origin(r)} | ${r.compauth} | ${r.rows.join(", ")} | ${r.cause} | ${r.meaning} | ${r.senderCan ?? "–"} |`,
      ),
    "",
    "## Reason codes of others",
    "",
    "Assay never decides these; `assay explain` knows them in headers that others stamped. *seen* marks those that nobody documents and that are only seen in real mail.",
    "A number that is in neither table is told from its family, the last rows.",
    "",
    "| code | compauth | cause | what it means | what the sender can do |",
    "| --- | --- | --- | --- | --- |",
    ...[...Object.entries(reasonsOfOthers), ...Object.entries(reasonFamilies)].map(
      ([code, r]) => `| ${code}${origin(r)} | ${r.compauth ?? "–"} | ${r.cause} | ${r.meaning} | ${r.senderCan ?? "–"} |`,
    ),
    "",
    "## Words of the evidence",
    "",
    "Result words are RFC 8601's; each result carries one closed `reason`.",
    "",
    ...wordTables(),
    ...eopTables(),
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

function origin({ ours, documented }: ReasonText): string {
  return ours ? " *ours*" : documented === "seen" ? " *seen*" : "";
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

/** What `stamp.format = "eop"` writes for each of our words. */
function eopTables(): string[] {
  return [
    "## Words of the stamp in Microsoft's shape",
    "",
    'With `stamp.format = "eop"`; see [stamp.md](stamp.md). `spf=` has the same words as ours.',
    "",
    "| our DKIM reason | stamp |",
    "| --- | --- |",
    ...Object.entries(eopDkim).map(([reason, { result, comment }]) => `| ${reason} | \`dkim=${result} (${comment})\` |`),
    "",
    "| our DMARC result | stamp |",
    "| --- | --- |",
    ...Object.entries(eopDmarc).map(([result, word]) => `| ${result} | \`dmarc=${word}\` |`),
    "",
    "| what the policy asks for with this result | stamp |",
    "| --- | --- |",
    ...Object.entries(eopAction).map(([policy, word]) => `| ${policy} | \`action=${word}\` |`),
    "",
    "| SPF result | Received-SPF |",
    "| --- | --- |",
    ...Object.entries(eopSpf).map(([result, { word, comment, tail }]) => `| ${result} | \`${word} ({host}: ${comment})${tail}\` |`),
    "",
  ];
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
