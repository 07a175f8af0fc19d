/**
 * The queue of spoof intelligence for a person at a terminal (reference: eop.md §4c): who was seen sending in whose name without being
 * vouched for, how often, what was done and by whose decision; with details why, and sample messages to look at.
 */
import type { SeenPair } from "../../memory/sightings.ts";
import { argument, dateOf } from "./entry-store.ts";
import { type Line, line, type Piece, plain, type Style } from "./lines.ts";
import { columns, cut, padded, shown } from "./shown.ts";

const spoofedMax = 36;
const infrastructureMax = 32;

/** Head and rows, columns as wide as what stands in them. */
export function queueLines(pairs: readonly SeenPair[], { whatIf }: { readonly whatIf: boolean }): readonly Line[] {
  const cells = pairs.map((pair) => ({
    pair,
    spoofed: cut(pair.domain, spoofedMax),
    infrastructure: cut(pair.infrastructure, infrastructureMax) + (pair.warning === null ? "" : " !"),
  }));
  const spoofed = widest(["SPOOFED", ...cells.map((cell) => cell.spoofed)]);
  const infrastructure = widest(["SENT BY", ...cells.map((cell) => cell.infrastructure)]);
  const count = whatIf ? "WOULD ACT" : " MESSAGES";
  return [
    line(
      `${count}  ${padded("SPOOFED", spoofed)}  ${padded("SENT BY", infrastructure)}  TYPE      LAST SEEN   STANDING    DONE, AND BY WHOM`,
      "faint",
    ),
    ...cells.flatMap((cell) => {
      const { pair } = cell;
      const row: Piece[] = [
        { text: `${String(whatIf ? pair.wouldAct : pair.messages).padStart(count.length)}  `, style: "strong" },
        { text: `${padded(shown(cell.spoofed), spoofed)}  ${padded(shown(cell.infrastructure), infrastructure)}  `, style: "plain" },
        { text: `${pair.spoof.padEnd(8)}  ${dateOf(pair.lastDay)}  `, style: "plain" },
        { text: `${pair.standing.padEnd(10)}  `, style: standingStyle(pair) },
        { text: doneText(pair), style: "plain" },
      ];
      return [row, ...(pair.warning === null ? [] : [line(`${" ".repeat(count.length + 2)}! ${cut(pair.warning, 160)}`, "unsure")])];
    }),
  ];
}

/** All that is known of one pair. */
export function pairDetails(pair: SeenPair, options: string): readonly Line[] {
  const row = (label: string, text: string): Line => plain(`    ${label.padEnd(12)}${text}`);
  const [newest] = pair.samples;
  const named = {
    dkim: "a verified DKIM signature",
    ptr: pair.confirmed ? "the confirmed reverse name" : "an unconfirmed reverse name",
    prefix: "the client's network",
  };
  return [
    [
      { text: `${pair.domain} sent by ${pair.infrastructure}`, style: "strong" },
      { text: `   ${messages(pair.messages)}, ${pair.spoof}, ${pair.standing}`, style: "plain" },
    ],
    row("shown as", pair.users.length === 0 ? "no readable address" : cut(pair.users.join(", "), 300)),
    row("known by", named[pair.by]),
    ...(pair.warning === null ? [] : [row("warning", cut(pair.warning, 300))]),
    row("per day", `${pair.perDay.join(" ")}  (to at least ${pair.recipients === 1 ? "1 recipient" : `${pair.recipients} recipients`})`),
    row("seen", `first on ${dateOf(pair.firstDay)}, last on ${dateOf(pair.lastDay)}`),
    row("done", `${doneText(pair)}; acted on ${pair.acted}, would have on ${pair.wouldAct}`),
    row("why", `${pair.compauth} ${pair.reason}: ${cut(newest?.explanation ?? "", 300)}`),
    ...pair.samples.map((sample, i) =>
      row(
        i === 0 ? "messages" : "",
        `${sample.at.slice(0, 16).replace("T", " ")}  ${sample.ip ?? "client unknown"}  from <${cut(sample.mailFrom ?? "", 80)}>  ${cut(sample.messageId ?? "no Message-ID", 80)}  id ${sample.inspection}`,
      ),
    ),
    ...offers(pair, options).map((text, i) => row(i === 0 ? "to decide" : "", text)),
  ];
}

function offers(pair: SeenPair, options: string): readonly string[] {
  if (pair.entry !== null) return [`assay senders ${pair.entry.id}${options}`];
  const blocked = `assay block ${argument(pair.domain)} ${argument(pair.infrastructure)}${options}`;
  if (pair.allowable === null) return [blocked];
  return [`assay allow ${argument(pair.domain)} ${argument(pair.allowable)}${options}`, blocked];
}

const doneWords: Readonly<Record<SeenPair["action"], readonly [done: string, withheld: string]>> = {
  deliver: ["delivered", "delivered"],
  junk: ["to junk", "would go to junk"],
  quarantine: ["quarantined", "would be quarantined"],
  reject: ["rejected", "would be rejected"],
  tempfail: ["deferred", "would be deferred"],
};

function doneText({ action, withheld, entry }: SeenPair): string {
  const done = doneWords[action][withheld ? 1 : 0];
  return entry === null
    ? `${done}, by spoof intelligence`
    : `${done}, ${entry.action === "block" ? "blocked" : "allowed"} by ${cut(entry.by, 40)} (${entry.id})`;
}

function standingStyle({ standing }: SeenPair): Style {
  return standing === "blocked" || standing === "suspicious" ? "bad" : standing === "unknown" ? "unsure" : "good";
}

export function messages(count: number): string {
  return count === 1 ? "1 message" : `${count} messages`;
}

function widest(texts: readonly string[]): number {
  return Math.max(...texts.map((text) => columns(shown(text))));
}
