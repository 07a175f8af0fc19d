/**
 * What `npm run load` measures, small and without a clock: signed and forged mail over many connections at once through Debian's Postfix,
 * and long messages over many connections straight to the milter door. Nothing is lost, every verdict is right, memory is bounded.
 */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { type Filter, startFilter } from "../../bench/load/filters.ts";
import { streamBodies } from "../../bench/load/long-bodies.ts";
import { type LoadMail, loadMail, signedZone } from "../../bench/load/mail.ts";
import { MemoryWatch } from "../../bench/load/process-cost.ts";
import { deliveriesIn, keptBy, sendThroughPostfix, startLoadPostfix } from "../../bench/load/through-postfix.ts";
import { decisionsIn, faultOf, outcomeIn } from "../../bench/load/verdicts.ts";
import { until } from "./mta/child.ts";
import { without } from "./mta/missing.ts";
import type { Postfix } from "./mta/postfix.ts";
import { missingServers, type RealDns, startRealDns } from "./real-dns.ts";

const [count, connections] = [500, 16];
const residentMegabytesMax = 300;
const [streams, streamedMegabytes] = [50, 2];

describe("load", { skip: without("postfix") || (missingServers() ?? false) }, () => {
  let mail: LoadMail;
  let dns: RealDns;
  let assay: Filter;
  let postfix: Postfix;

  before(async () => {
    const long = { body: "base64", bodyBytes: streamedMegabytes * 1_000_000 } as const;
    // What comes behind the first ones is long.
    mail = loadMail({
      aVisit: 5,
      keptEvery: 25,
      bodyOf: (n) => (n >= count ? long : { body: "text", bodyBytes: n % 10 === 0 ? 50_000 : 2200 }),
    });
    dns = await startRealDns(mail.zones, signedZone);
    assay = await startFilter("assay", { dns: dns.unbound, dnsAddress: "", workers: 1, profile: null });
    postfix = await startLoadPostfix(assay.ports);
  });
  after(async () => {
    await postfix?.stop();
    await assay?.stop();
    await dns?.close();
  });

  test(`${count} messages over ${connections} connections through Postfix: each delivered once, decided once, and found what it is`, async () => {
    const visits = mail.take(count);
    const messages = visits.flatMap((visit) => visit.messages);
    const watch = new MemoryWatch(assay.pids());
    const { refused } = await sendThroughPostfix(postfix.port, visits, connections);
    await postfix.settled();
    assert.deepEqual(refused, []);
    await until(() => decisionsIn(assay.log()).size >= count, { about: () => `${decisionsIn(assay.log()).size} decisions in the log` });
    const decisions = decisionsIn(assay.log());
    assert.deepEqual(
      messages.filter(({ id }) => decisions.get(id)?.length !== 1).map(({ id }) => id),
      [],
    );
    const faults = messages.flatMap((message) => (decisions.get(message.id) ?? []).map((found) => faultOf(message, found)));
    assert.deepEqual(
      faults.filter((fault) => fault !== null),
      [],
    );
    const verdicts = [...decisions.values()].map(([decision]) => decision?.dmarc);
    assert.deepEqual([verdicts.filter((word) => word === "pass").length, verdicts.filter((word) => word === "fail").length], [375, 125]);
    assert.equal(deliveriesIn(postfix.log()), count);
    const kept = keptBy(postfix);
    assert.equal(kept.size, count / 25);
    for (const message of messages) {
      for (const fields of kept.get(message.id) ?? []) assert.equal(faultOf(message, outcomeIn(fields)), null);
    }
    assert.doesNotMatch(postfix.log(), /warning: milter|panic:|fatal:/);
    assert.ok(watch.stop() < residentMegabytesMax * 1e6, `${watch.maxBytes / 1e6} MB of memory`);
  });

  test(`${streams} connections that each stream ${streamedMegabytes} MB at the same time: memory is bounded, every verdict right`, async () => {
    const visit = mail.take(1)[0];
    assert.ok(visit !== undefined);
    const [message] = visit.messages;
    assert.ok(message !== undefined && message.bytes.length > streamedMegabytes * 1_000_000 && message.expected.dmarc === "pass");
    const { verdicts, residentBytesMax } = await streamBodies(visit, {
      port: assay.ports[0] ?? 0,
      pids: assay.pids(),
      connections: streams,
    });
    assert.equal(verdicts.length, streams);
    for (const fields of verdicts) assert.equal(faultOf(message, outcomeIn(fields)), null);
    assert.ok(residentBytesMax < residentMegabytesMax * 1e6, `${residentBytesMax / 1e6} MB of memory`);
  });
});
