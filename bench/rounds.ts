/**
 * Counts sequential DNS round trips. Questions wait until the process has nothing left to do; then all that wait are answered
 * together, and that is one round. So the count says how often a verifier really had to wait for an answer before it could ask
 * the next question, whatever the machine and the network are like.
 */
import { authenticate } from "mailauth";
import { inspect, type Resolver } from "../src/index.ts";
import { makeBody, seeded } from "./bodies.ts";
import { keySource } from "./keys.ts";
import { type BenchMessage, kinds, messageMill } from "./mail.ts";
import { signDkim } from "./signer.ts";
import { assayResolver, type BenchZone, mailauthResolver, openZone, publishDomain } from "./zone.ts";

/** The questions of each round. */
export type Rounds = readonly (readonly string[])[];

export type Ordinary = { readonly title: string; readonly zone: BenchZone; readonly message: BenchMessage };

export async function assayRounds({ zone, message }: Ordinary): Promise<Rounds> {
  const gate = openGate();
  const inner = assayResolver(zone);
  const resolver: Resolver = {
    query: async (name, type) => {
      await gate.wait(`${name} ${type}`);
      return inner.query(name, type);
    },
  };
  const { bytes, ip, helo, mailFrom, rcptTo } = message;
  const { evidence } = await inspect(
    { message: bytes, ip, helo, mailFrom, rcptTo: [rcptTo] },
    { resolver, authservId: "mx.receiver.example" },
  );
  if (evidence.dmarc.result !== message.expected.dmarc) throw new Error(`dmarc=${evidence.dmarc.result}, not ${message.expected.dmarc}`);
  return gate.rounds;
}

export async function mailauthRounds({ zone, message }: Ordinary): Promise<Rounds> {
  const gate = openGate();
  const inner = mailauthResolver(zone);
  const resolver = async (name: string, type: string): Promise<string[] | string[][]> => {
    await gate.wait(`${name} ${type}`);
    return inner(name, type);
  };
  const { bytes, ip, helo, mailFrom: sender } = message;
  await authenticate(bytes, { ip, helo, sender, mta: "mx.receiver.example", resolver, disableBimi: true });
  return gate.rounds;
}

/** What most legitimate mail looks like to DNS. */
export function ordinaryMail(signedAt: number): readonly Ordinary[] {
  const keys = keySource();
  const found: Ordinary[] = [];
  for (const [id, title] of [
    ["4k-rsa", "author signs, SPF with one include"],
    ["4k-arc", "two signatures and two ARC sets"],
  ]) {
    const kind = kinds.find((one) => one.id === id);
    if (kind === undefined || title === undefined) continue;
    const mill = messageMill({ kind, keys, seed: 3, signedAt, domains: "warm" });
    const message = mill.next();
    found.push({ title, zone: mill.zone, message });
  }
  return [...found, ...parentMail(signedAt)];
}

/** The author stands below the domain that signs and publishes DMARC. */
function parentMail(signedAt: number): Ordinary[] {
  const zone = openZone();
  const parent = publishDomain(zone, 1, { prefix: "parent", keys: keySource(), algorithms: ["rsa-sha256"] });
  return ["news", "eu.news"].map((label) => {
    const author = `${label}.${parent.name}`;
    const text = [
      `From: News <news@${author}>`,
      "To: anna@receiver.example",
      "Subject: News",
      `Date: ${new Date(signedAt * 1000).toUTCString()}`,
      `Message-ID: <1@${author}>`,
      "",
      makeBody("text", 800, seeded(4)),
    ].join("\r\n");
    const bytes = signDkim(Buffer.from(text, "latin1"), parent.signer("rsa-sha256"), {
      headers: ["From", "To", "Subject", "Date", "Message-ID"],
      signedAt,
    });
    const envelope = { ip: parent.ip, helo: parent.helo, mailFrom: `bounce@${parent.name}`, rcptTo: "anna@receiver.example" };
    const message = {
      bytes,
      ...envelope,
      bodyAt: bytes.indexOf("\r\n\r\n") + 4,
      expected: { dkim: ["pass"], arc: "none", spf: "pass", dmarc: "pass" },
    } as const;
    return { title: `author ${label}.D, signed and enveloped by D`, zone, message };
  });
}

type Gate = { readonly wait: (question: string) => Promise<void>; readonly rounds: Rounds };

function openGate(): Gate {
  const rounds: string[][] = [];
  let waiting: (() => void)[] = [];
  let questions: string[] = [];
  let watching = false;
  async function watch(): Promise<void> {
    watching = true;
    for (let seen = -1; seen !== waiting.length; ) {
      seen = waiting.length;
      for (let turn = 0; turn < idleTurns; turn++) await new Promise((resolve) => setImmediate(resolve));
    }
    const answered = waiting;
    rounds.push(questions);
    waiting = [];
    questions = [];
    watching = false;
    for (const answer of answered) answer();
  }
  return {
    rounds,
    wait: (question) =>
      new Promise((resolve) => {
        waiting.push(resolve);
        questions.push(question);
        if (!watching) void watch();
      }),
  };
}

/** Turns of the event loop without a new question, after which the process counts as idle. */
const idleTurns = 50;
