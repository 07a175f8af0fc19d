/**
 * One simulation from its first message to its last: what arrives is judged from what was learnt so far, counted against the truth,
 * and then learnt from. The truth is read here and by nobody who judges.
 */
import { failsBestGuess, failsDmarc, isEnforced } from "./baselines.ts";
import { generate, type Plan } from "./generator.ts";
import type { Inbound } from "./message.ts";
import { calendar } from "./mix.ts";
import { Profiles } from "./profiles.ts";
import { openReceiver, type Received } from "./receiver.ts";
import { count, countDay, emptyTally, type Group, type Judge, type Judged, type Protection, type Tally } from "./tally.ts";

export function runTrial(plan: Plan): Tally {
  const { population, events } = generate(plan);
  const receiver = openReceiver({ trustedSealers: population.trustedSealers });
  const profiles = new Profiles();
  const moves = new Moves();
  const tally = emptyTally();
  for (const event of events) {
    if (event.kind === "outbound") {
      receiver.send(event);
      continue;
    }
    const received = receiver.receive(event);
    countMessage(tally, event, { received, established: profiles.isEstablished(event.from.domain, event.day) });
    profiles.note(event);
    moves.note(event, received);
  }
  tally.moves.push(...moves.results());
  return tally;
}

type Seen = { readonly received: Received; readonly established: boolean };

function countMessage(tally: Tally, message: Inbound, seen: Seen): void {
  const { truth, day } = message;
  if (!truth.counted) return;
  const groups = truth.word === "legitimate" ? groupsOfLegitimate(message) : groupsOfSpoof(message, seen);
  const judgements = judgementsOf(message, seen.received);
  for (const [judge, judged] of judgements) {
    count(tally, { judge, groups }, judged);
    const series = truth.word === "legitimate" ? "legitimate" : protectionOf(message) === "enforced" ? null : "spoofs";
    if (series !== null) countDay(tally, { series: `${judge}/${series}`, day }, judged);
  }
  if (day >= calendar.learningDays) note(tally, message, seen);
}

/** What went wrong, in a few words. */
function note(tally: Tally, message: Inbound, { received: { reason, standing, acted }, established }: Seen): void {
  const { truth, evidence } = message;
  const about = `${reason} ${standing}, ${truth.attack ?? truth.route}, ${protectionOf(message)}`;
  if (truth.word === "legitimate") {
    const what = `${about}, ${truth.organization?.kind ?? "relayer"}`;
    if (acted) tally.wrong[what] = (tally.wrong[what] ?? 0) + 1;
  } else if (!acted && established && protectionOf(message) !== "enforced") {
    const what = `${about}, ${evidence.dkim.some(({ result }) => result === "pass") ? "signed by another" : "unsigned"}`;
    tally.missed[what] = (tally.missed[what] ?? 0) + 1;
  }
}

function judgementsOf({ evidence, from }: Inbound, received: Received): readonly (readonly [Judge, Judged])[] {
  const enforced = isEnforced(evidence) && evidence.dmarc.result === "fail";
  const dmarc = failsDmarc(evidence);
  const guess = failsBestGuess(evidence, from.domain ?? "");
  return [
    ["assay", { failed: received.compauth === "fail", soft: received.compauth === "softpass", acted: received.acted }],
    ["dmarc", { failed: dmarc, soft: false, acted: dmarc && enforced }],
    ["best-guess", { failed: guess, soft: false, acted: guess && enforced }],
    ["best-guess, our standing", { failed: guess, soft: false, acted: guess && (enforced || received.standing === "suspicious") }],
    ["best-guess, every fail", { failed: guess, soft: false, acted: guess }],
  ];
}

function groupsOfLegitimate(message: Inbound): readonly Group[] {
  const { truth, day } = message;
  if (day < calendar.weekOneDays)
    return protectionOf(message) === "no DMARC" ? ["week one, all legitimate", "week one, without records"] : ["week one, all legitimate"];
  if (day < calendar.learningDays) return [];
  const never = truth.organization?.kind === "never" && truth.route !== "list";
  const groups: Group[] = ["legitimate", `legitimate, ${protectionOf(message)}`, `legitimate, ${truth.route}`];
  return never ? [...groups, "legitimate, never-authenticating"] : groups;
}

function groupsOfSpoof(message: Inbound, { established }: Seen): readonly Group[] {
  const { truth, day } = message;
  if (day < calendar.learningDays || truth.attack === null) return [];
  if (protectionOf(message) === "enforced") return ["spoofs", "spoofs, enforced"];
  const groups: Group[] = ["spoofs", "spoofs, unprotected", `spoofs, unprotected, ${truth.attack}`];
  if (established) groups.push("spoofs, established", `spoofs, established, ${truth.attack}`);
  if (truth.organization?.kind === "never") groups.push("spoofs, never-authenticating");
  return groups;
}

function protectionOf({ truth: { policy } }: Inbound): Protection {
  if (policy === null) return "no DMARC";
  return policy === "none" ? "p=none" : "enforced";
}

/** Follows the domains that move while results count: how long their mail fails from its new place. */
class Moves {
  readonly #open = new Map<number, { kind: "authenticating" | "never-authenticating"; day: number; messages: number }>();
  readonly #done = new Map<number, { kind: "authenticating" | "never-authenticating"; days: number; messages: number }>();

  note({ truth, day }: Inbound, { compauth }: Received): void {
    const { organization, route, word } = truth;
    const movesOn = organization?.movesOn ?? null;
    if (organization === null || movesOn === null || word !== "legitimate" || route !== "direct") return;
    if (movesOn < calendar.learningDays || day < movesOn || this.#done.has(organization.index)) return;
    const kind = organization.kind === "never" ? "never-authenticating" : "authenticating";
    const move = this.#open.get(organization.index) ?? { kind, day: movesOn, messages: 0 };
    this.#open.set(organization.index, move);
    if (compauth === "fail") move.messages += 1;
    else this.#done.set(organization.index, { kind, days: move.messages === 0 ? 0 : day - move.day, messages: move.messages });
  }

  results(): Tally["moves"] {
    const open = [...this.#open].filter(([index]) => !this.#done.has(index));
    return [...this.#done.values(), ...open.map(([, { kind, messages }]) => ({ kind, days: null, messages }))];
  }
}
