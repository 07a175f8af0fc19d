/**
 * The simulator's mail: everything that reaches one organization in 120 days, and what its people write, in order of days, from a
 * mix and a seed alone. It knows nothing of verdict, history or memory: it says what the mechanisms would find, and what is true.
 */
import { LegitimateMail } from "./legitimate.ts";
import type { Event } from "./message.ts";
import { calendar, type Mix } from "./mix.ts";
import { type Population, populate } from "./population.ts";
import { between, chance, seeded } from "./random.ts";
import { Records } from "./records.ts";
import { Spoofers } from "./spoofers.ts";

export type Plan = {
  readonly seed: number;
  readonly mix: Mix;
  /** Legitimate messages in the counted days; as many a day come in the learning days. */
  readonly messages: number;
};

export type Simulation = { readonly population: Population; readonly events: Generator<Event> };

export function generate(plan: Plan): Simulation {
  const population = populate(plan.mix, plan.seed);
  return { population, events: mail(plan, population) };
}

const patientMessages = 30; // what one patient spoofer sends when he strikes

function* mail({ seed, mix, messages }: Plan, population: Population): Generator<Event> {
  const records = new Records(population);
  const days = calendar.learningDays + calendar.countedDays;
  const perDay = Math.ceil(messages / calendar.countedDays);
  const spoofsPerDay = (perDay * mix["spoof-rate"]) / (1 - mix["spoof-rate"]);
  const weights = mix.fresh + mix["own-domain"] + mix.provider + mix.volume + mix.patient;
  const patients = Math.round((spoofsPerDay * days * (mix.patient / weights)) / patientMessages);
  const legitimate = new LegitimateMail(population, records, seeded(seed, "legitimate"));
  const spoofers = new Spoofers(population, records, { random: seeded(seed, "spoofers"), patients, days });
  const order = seeded(seed, "order");
  const impatient = (spoofsPerDay * (1 - mix.patient / weights)) / perDay;
  for (let day = 0; day < days; day++) {
    for (const { messageId, sender, recipient } of spoofers.answersOn(day)) {
      yield { kind: "outbound", day, sender, messageId, recipients: [recipient] };
    }
    const waiting = spoofers.waiting(day).map((make) => ({ at: between(order, 0, perDay - 1), make }));
    waiting.sort((a, b) => a.at - b.at);
    let next = 0;
    for (let n = 0; n < perDay; n++) {
      yield* legitimate.next(day);
      if (chance(order, impatient)) yield spoofers.next(day);
      for (; next < waiting.length && (waiting[next]?.at ?? 0) <= n; next++) {
        const spoof = waiting[next]?.make();
        if (spoof !== undefined) yield spoof;
      }
    }
  }
}
