/**
 * The agreement tool: npm run agreement -- FILE.jsonl [--json]
 * Decides the rows of a file of real composite verdicts and prints how many agree. Exit status: 0 every line was read; 2 usage, an
 * unreadable file, or lines that are no rows (each is named on stderr, the others count).
 */
import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { agree, type Comparison } from "./agree.ts";

process.exitCode = main(process.argv.slice(2));

function main(args: string[]): number {
  const asked = readArguments(args);
  if (asked === null) {
    process.stderr.write("usage: npm run agreement -- FILE.jsonl [--json]\n");
    return 2;
  }
  const text = readText(asked.file);
  if (text === null) return 2;
  const comparison = agree(text.split("\n"));
  for (const { line, fault } of comparison.faults) process.stderr.write(`${asked.file}:${line}: ${fault}\n`);
  process.stdout.write(asked.json ? `${JSON.stringify(comparison.agreement)}\n` : table(comparison));
  return comparison.faults.length > 0 ? 2 : 0;
}

function readArguments(args: string[]): { readonly file: string; readonly json: boolean } | null {
  try {
    const { values, positionals } = parseArgs({ args, allowPositionals: true, options: { json: { type: "boolean", default: false } } });
    const [file] = positionals;
    return file === undefined || positionals.length > 1 ? null : { file, json: values.json };
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    return null;
  }
}

function readText(file: string): string | null {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    return null;
  }
}

function table({ agreement: { rows, compauth, reason, byReason }, differences }: Comparison): string {
  const share = (agreed: number, of: number): string => `${agreed} of ${of}${of === 0 ? "" : ` (${((100 * agreed) / of).toFixed(2)}%)`}`;
  return [
    `compauth and reason  ${share(reason, rows)}`,
    `compauth alone       ${share(compauth, rows)}`,
    "",
    "by expected reason",
    ...Object.entries(byReason).map(([code, [agreed, of]]) => `  ${code}  ${share(agreed, of)}`),
    "",
    ...(differences.size === 0 ? ["no differences"] : ["differences, expected → decided"]),
    ...[...differences].toSorted(([, a], [, b]) => b - a).map(([difference, times]) => `  ${difference}  ${times}`),
    "",
  ].join("\n");
}
