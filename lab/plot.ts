/**
 * The simulation as a picture: what fails and what is acted on, day by day, against the baselines, and kind by kind. SVG written by
 * hand, readable on light and dark ground.
 */

import { calendar } from "./mix.ts";
import { titles } from "./report.ts";
import { type Judge, type Outcome, outcomeOf, type Tally } from "./tally.ts";

const width = 960;
const panel = { left: 64, width: 400, height: 200, gap: 72 } as const;
const colours: Readonly<Record<Judge, string>> = {
  assay: "#0b6e4f",
  dmarc: "#8d8d8d",
  "best-guess": "#c77d0a",
  "best-guess, our standing": "#c77d0a",
  "best-guess, every fail": "#b3401f",
};

export function plot({ title, tally }: { readonly title: string; readonly tally: Tally }): string {
  const right = panel.left + panel.width + panel.gap;
  const below = 116 + panel.height + 96;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${below + panel.height + 72}" font-family="system-ui, sans-serif" font-size="12">`,
    "<style>.ink{fill:#222}.soft{fill:#666}.line{stroke:#ccc}.ground{fill:#fff}@media(prefers-color-scheme:dark){.ink{fill:#eee}.soft{fill:#aaa}.line{stroke:#444}.ground{fill:#161616}}</style>",
    `<rect class="ground" width="100%" height="100%"/>`,
    `<text class="ink" x="${panel.left}" y="36" font-size="18" font-weight="600">Simulated mail of 120 days, mix ${escaped(title)}</text>`,
    `<text class="soft" x="${panel.left}" y="56">${count(outcomeOf(tally, "assay", "legitimate"))} legitimate messages and ${count(outcomeOf(tally, "assay", "spoofs"))} spoofs after ${calendar.learningDays} days of learning</text>`,
    days({ x: panel.left, y: 116, title: "Spoofs of unprotected domains that fail", unit: "%", top: 1 }, tally, {
      judges: ["assay", "best-guess", "dmarc"],
      series: "spoofs",
      of: ({ failed }) => failed,
    }),
    days({ x: right, y: 116, title: "Legitimate mail acted on, per 10,000", unit: "", top: null }, tally, {
      judges: ["assay", "dmarc"],
      series: "legitimate",
      of: ({ acted }) => acted,
    }),
    bars({ x: panel.left, y: below, title: "Spoofs of established domains, by kind" }, tally, [
      { judge: "assay", whose: "established", of: "acted", name: "acted on", colour: colours.assay },
      { judge: "assay", whose: "established", of: "failed", name: "fail", colour: "#8fc9b3" },
    ]),
    bars({ x: right, y: below, title: "Spoofs of unprotected domains that fail, by kind" }, tally, [
      { judge: "assay", whose: "unprotected", of: "failed", name: titles.assay, colour: colours.assay },
      { judge: "dmarc", whose: "unprotected", of: "failed", name: titles.dmarc, colour: colours.dmarc },
    ]),
    "</svg>",
    "",
  ].join("\n");
}

type Place = { readonly x: number; readonly y: number; readonly title: string };
type Axis = Place & { readonly unit: "%" | ""; readonly top: number | null };
type Series = { readonly judges: readonly Judge[]; readonly series: "spoofs" | "legitimate"; readonly of: (outcome: Outcome) => number };

/** Lines over the days, each point the mean of a week, so that few messages a day do not jump about. */
function days(axis: Axis, tally: Tally, { judges, series, of }: Series): string {
  const lines = judges.map((judge) => ({ judge, points: weekly(tally.byDay[`${judge}/${series}`] ?? [], of) }));
  const most = Math.max(...lines.flatMap(({ points }) => points));
  const top = axis.top ?? niceTop(most);
  const total = calendar.learningDays + calendar.countedDays;
  const at = (day: number, value: number): string =>
    `${(axis.x + (panel.width * day) / total).toFixed(1)},${(axis.y + panel.height * (1 - Math.min(value, top) / top)).toFixed(1)}`;
  const scale = axis.unit === "%" ? 100 : 10_000;
  return [
    heading(axis),
    `<rect x="${axis.x}" y="${axis.y}" width="${(panel.width * calendar.learningDays) / total}" height="${panel.height}" fill="#888" opacity="0.08"/>`,
    `<text class="soft" x="${axis.x + 6}" y="${axis.y + panel.height - 8}">learning</text>`,
    ...[0, 0.5, 1].map((part) => tick(axis, part, `${label(top * part * scale)}${axis.unit}`)),
    ...[0, 30, 60, 90, 120].map(
      (day) =>
        `<text class="soft" text-anchor="middle" x="${axis.x + (panel.width * day) / total}" y="${axis.y + panel.height + 18}">${day === 0 ? "day 0" : day}</text>`,
    ),
    ...lines.map(
      ({ judge, points }) =>
        `<polyline fill="none" stroke="${colours[judge]}" stroke-width="${judge === "assay" ? 2.5 : 1.5}" points="${points.map((value, week) => at(week * 7 + 3.5, value)).join(" ")}"/>`,
    ),
    ...lines.map(({ judge }, i) => legend({ x: axis.x + i * 134, y: axis.y + panel.height + 40 }, titles[judge], colours[judge])),
  ].join("\n");
}

function weekly(outcomes: readonly Outcome[], of: (outcome: Outcome) => number): readonly number[] {
  const weeks: number[] = [];
  for (let start = 0; start + 7 <= outcomes.length; start += 7) {
    const week = outcomes.slice(start, start + 7);
    const messages = week.reduce((sum, outcome) => sum + outcome.messages, 0);
    weeks.push(messages === 0 ? 0 : week.reduce((sum, outcome) => sum + of(outcome), 0) / messages);
  }
  return weeks;
}

type Bar = {
  readonly judge: Judge;
  readonly whose: "established" | "unprotected";
  readonly of: "failed" | "acted";
  readonly name: string;
  readonly colour: string;
};
const kinds = ["fresh", "own-domain", "provider", "patient", "volume"] as const;

function bars(place: Place, tally: Tally, pair: readonly Bar[]): string {
  const step = panel.height / kinds.length;
  const lines = kinds.flatMap((kind, i) => {
    const y = place.y + i * step + 6;
    const rows = pair.map(({ judge, whose, of, colour }, n) => {
      const outcome = outcomeOf(tally, judge, `spoofs, ${whose}, ${kind}`);
      const part = outcome.messages === 0 ? 0 : outcome[of] / outcome.messages;
      const long = (panel.width - 130) * part;
      const top = y + n * 13;
      const bar = `<rect x="${place.x + 80}" y="${top}" width="${long.toFixed(1)}" height="11" fill="${colour}" rx="2"/>`;
      return `${bar}<text class="soft" x="${(place.x + 86 + long).toFixed(1)}" y="${top + 10}">${(100 * part).toFixed(1)}%</text>`;
    });
    return [`<text class="ink" x="${place.x}" y="${y + 15}">${kind}</text>`, ...rows];
  });
  const keys = pair.map(({ name, colour }, n) => legend({ x: place.x + n * 134, y: place.y + panel.height + 24 }, name, colour));
  return [heading(place), ...lines, ...keys].join("\n");
}

function heading({ x, y, title }: Place): string {
  return `<text class="ink" x="${x}" y="${y - 14}" font-size="14" font-weight="600">${title}</text>`;
}

function tick({ x, y }: Place, part: number, text: string): string {
  const at = y + panel.height * (1 - part);
  return `<line class="line" x1="${x}" x2="${x + panel.width}" y1="${at}" y2="${at}"/><text class="soft" text-anchor="end" x="${x - 8}" y="${at + 4}">${text}</text>`;
}

function legend({ x, y }: { readonly x: number; readonly y: number }, name: string, colour: string): string {
  return `<rect x="${x}" y="${y - 9}" width="18" height="4" rx="2" fill="${colour}"/><text class="soft" x="${x + 24}" y="${y - 3}">${name}</text>`;
}

/** The next of 1, 2 and 5 times a power of ten. */
function niceTop(most: number): number {
  if (most <= 0) return 1e-4;
  const power = 10 ** Math.floor(Math.log10(most));
  return ([1, 2, 5, 10].find((step) => step * power >= most) ?? 10) * power;
}

function label(value: number): string {
  return String(Number(value.toPrecision(2)));
}

function count({ messages }: Outcome): string {
  return messages.toLocaleString("en");
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
}
