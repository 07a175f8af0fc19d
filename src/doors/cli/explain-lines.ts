/**
 * The account of a header for a person at a terminal: the answer first, then who said what in the order of the hops, what is odd,
 * what to do, and what headers cannot prove. It renders the account and derives nothing; lines.ts makes every text harmless.
 */
import type { Account, Note, ToldHop, ToldResult } from "../../gateway/explain/account.ts";
import { type Line, line, plain, type Style, tableLines } from "./lines.ts";
import type { Row } from "./rows.ts";
import { cut } from "./shown.ts";

export function accountLines(account: Account): readonly Line[] {
  const { verdict, notes } = account;
  const told = [verdict.meaning, verdict.cause].filter((part) => part !== null).join(" ");
  return [
    answerLine(account),
    plain(`  ${cut(told, 600)}`),
    ...wayLines(account),
    ...noteLines("What stands out", notes, "finding"),
    ...noteLines("What to do", notes, "fix"),
    line("  What headers alone cannot prove", "strong"),
    ...account.cannotProve.map((text) => plain(`    ${cut(text, 300)}`)),
  ];
}

/** `✗ fail 001   ceo@contoso.com   says Microsoft 365` */
function answerLine({ verdict }: Account): Line {
  const { answer, reason, from, decidedBy, trust } = verdict;
  const { mark, style } = markOf(verdict);
  const who = decidedBy === null ? "nobody says" : `says ${cut(decidedBy, 100)}`;
  const doubt = trust === "beneath" ? ", if that is not forged" : "";
  return [
    { text: `${mark} ${answer}${reason === null ? "" : ` ${cut(reason, 20)}`}`, style },
    { text: `   ${cut(from.address ?? from.domain ?? "no readable author", 80)}`, style: "strong" },
    { text: `   ${who}${doubt}`, style: "plain" },
  ];
}

function markOf({ answer, trust }: Account["verdict"]): { mark: string; style: Style } {
  if (answer === "unknown" || trust === "beneath") return { mark: "?", style: "unsure" };
  if (answer === "pass") return { mark: "✓", style: "good" };
  if (answer === "fail") return { mark: "✗", style: "bad" };
  return { mark: answer === "softpass" ? "✓" : "–", style: "unsure" };
}

const hopsShownMax = 8;

function wayLines({ hops, results }: Account): readonly Line[] {
  const loose = results.filter(({ hop }) => hop === null);
  const lines: Line[] = [line(hops.length === 0 ? "  What the fields say" : "  In the order of the hops, oldest first", "strong")];
  const inside = hops.filter(({ side, number }) => side === "inside" && results.every(({ hop }) => hop !== number));
  const shown = hops.filter((hop) => !inside.includes(hop));
  const skipped = Math.max(0, shown.length - hopsShownMax);
  lines.push(...fieldLines(loose));
  if (skipped > 0) lines.push(line(`    … ${skipped} older hop${skipped === 1 ? "" : "s"}`, "faint"));
  for (const hop of shown.slice(skipped)) lines.push(hopLine(hop), ...fieldLines(results.filter((result) => result.hop === hop.number)));
  const [first] = inside;
  if (first !== undefined) lines.push(plain(`    ${numbersOf(inside)}  within ${receiverName(hops)}`));
  return hops.length + results.length === 0 ? [] : lines;
}

/** Providers by their name, others by that of the server that took the message in. */
function receiverName(hops: readonly ToldHop[]): string {
  const own = hops.filter(({ side }) => side !== "claim");
  return (
    own.find(({ provider }) => provider !== null)?.provider ?? own.find(({ side }) => side === "edge")?.by ?? "the receiving organization"
  );
}

function numbersOf(hops: readonly ToldHop[]): string {
  const numbers = hops.map(({ number }) => number);
  const [first = 0, last = first] = [numbers[0], numbers.at(-1)];
  return first === last ? String(first) : `${first}–${last}`;
}

function hopLine({ number, side, helo, clientName, ip, by, provider }: ToldHop): Line {
  const name = clientName ?? (helo === null ? null : `HELO ${helo}`);
  const client = ip === null ? (helo ?? "the server itself") : `${ip}${name === null || helo === ip ? "" : ` (${name})`}`;
  const server = `${by ?? "an unnamed server"}${provider === null ? "" : ` (${provider})`}`;
  const remark = { claim: "a claim: others wrote this", edge: "took the message in", inside: "inside" }[side];
  return [
    { text: `    ${number}  ${cut(client, 90)} → ${cut(server, 90)}`, style: "plain" },
    { text: `   ${remark}`, style: side === "claim" ? "unsure" : "faint" },
  ];
}

/** The results that count as a table; those of other fields in one line a field. */
function fieldLines(results: readonly ToldResult[]): readonly Line[] {
  const rest = results.filter(({ decisive }) => !decisive);
  const groups = Map.groupBy(rest, ({ place }) => place);
  const counted = results.filter((one) => one.decisive && Object.hasOwn(labels, one.method));
  const decisive = Object.keys(labels).flatMap((method) =>
    counted
      .filter((one) => one.method === method)
      .slice(0, hopsShownMax)
      .map(rowOf),
  );
  return [
    ...[...groups.values()].slice(0, hopsShownMax).map(groupLine),
    ...(decisive.length === 0 ? [] : tableLines(decisive).map((pieces) => [{ text: "   ", style: "plain" } as const, ...pieces])),
  ];
}

function groupLine(results: readonly ToldResult[]): Line {
  const [first] = results;
  if (first === undefined) return plain("");
  const said = results
    .map(({ method, result, reason }) => `${method}=${result}${method === "compauth" && reason !== null ? ` reason=${reason}` : ""}`)
    .join(" ");
  const set = first.instance === null ? "" : ` i=${first.instance}`;
  const remark = { claim: ", a claim", sealed: `, sealed by ${first.sealer ?? "nobody named"}`, receiver: "", nameless: "", beneath: "" }[
    first.trust
  ];
  return plain(`       ${cut(`${first.field}${set}${first.by === null ? "" : ` of ${cut(first.by, 80)}`}${remark}: ${said}`, 160)}`);
}

const labels: Readonly<Record<string, string>> = { spf: "SPF", dkim: "DKIM", dmarc: "DMARC", arc: "ARC", iprev: "PTR" };

function rowOf({ method, result, domain, meaning, aligned }: ToldResult): Row {
  // The domain stands in its column already.
  const said = meaning?.startsWith(`${domain} `) ? meaning.slice((domain ?? "").length + 1) : (meaning ?? "");
  const whose =
    aligned === null || result !== "pass" ? "" : aligned ? "; the author's organization" : "; another organization than the author's";
  return { label: labels[method] ?? method, result: cut(result, 20), subject: domain, detail: cut(`${said}${whose}`, 160) };
}

function noteLines(heading: string, notes: readonly Note[], kind: Note["kind"]): readonly Line[] {
  const shown = notes.filter((note) => note.kind === kind).slice(0, notesShownMax);
  if (shown.length === 0) return [];
  const who = { sender: "Sender: ", recipient: "Receiver: ", reader: "" } as const;
  return [line(`  ${heading}`, "strong"), ...shown.map((note) => plain(`    ${who[note.who]}${cut(note.text, 400)}`))];
}
const notesShownMax = 6;
