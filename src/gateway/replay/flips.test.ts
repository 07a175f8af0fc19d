/** What would flip, counted by rule and by sender, in bounded memory. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { dmarcFail } from "../../../test/decision-case.ts";
import { judgedDecision, trafficNumber } from "../../../test/decisions.ts";
import { actionText, countFlips } from "./flips.ts";
import { largest } from "./largest.ts";
import { redecide } from "./redecide.ts";

test("an action as it is told: withheld, and of several recipients each", () => {
  const action = { smtp: null, withheld: false, perRecipient: [] };
  assert.equal(actionText({ ...action, kind: "reject" }), "reject");
  assert.equal(actionText({ ...action, kind: "junk", withheld: true }), "junk (observed)");
  assert.equal(actionText({ ...action, kind: "deliver", withheld: true }), "deliver");
  const perRecipient = [
    { recipient: "a@x.example", kind: "reject" },
    { recipient: "b@x.example", kind: "deliver" },
  ] as const;
  assert.equal(actionText({ ...action, kind: "deliver", perRecipient }), "deliver + reject");
});

test("flips by rule and sender, what agrees, what differs in words alone, and what cannot be told", async () => {
  const flips = countFlips({});
  const policy = { mode: "enforce", senderHistory: { medium: 2.5 } } as const;
  const quarantined = judgedDecision(1, { dmarc: dmarcFail("quarantine") });
  for (const decision of [quarantined, { ...quarantined, inspection: { ...quarantined.inspection, id: "2" } }, judgedDecision(3, {})])
    flips.add(decision, await redecide(decision, policy));
  const same = judgedDecision(4, {});
  flips.add(same, await redecide(same, {}));
  flips.add(same, { status: "not-replayable", why: "filter" });
  flips.unreadable();
  const { rules, senders, ...counts } = flips.report();
  assert.deepEqual(counts, {
    decisions: 5,
    identical: 1,
    explained: 1,
    flipped: 2,
    unreadable: 1,
    notReplayable: { filter: 1 },
    otherSenders: 0,
  });
  const change = {
    before: { verdict: "fail 000", action: "junk (observed)" },
    after: { verdict: "fail 000", action: "junk" },
    messages: 2,
  };
  assert.deepEqual(rules, [change]);
  const [sender] = senders;
  assert.ok(sender !== undefined && senders.length === 1);
  assert.deepEqual([sender.from, sender.infrastructure, sender.messages, sender.changes], ["contoso.com", "198.51.100.0/24", 2, [change]]);
  assert.deepEqual(
    sender.samples.map(({ id }) => id),
    [quarantined.inspection.id, "2"],
  );
});

test("names beyond the bound are counted together; what comes often stays", () => {
  const counts = largest<{ readonly name: string; messages: number }>(10);
  for (let n = 0; n < 5000; n += 1) {
    const name = n % 2 === 0 ? "often" : `once-${n}`;
    counts.at(name, () => ({ name, messages: 0 })).messages += 1;
  }
  const sorted = counts.sorted();
  assert.ok(sorted.length <= 10);
  assert.deepEqual([sorted[0]?.name, sorted[0]?.messages], ["often", 2500]);
  assert.equal(sorted.reduce((sum, { messages }) => sum + messages, 0) + counts.others(), 5000);
});

test("an ordinary stream agrees with itself to the last field", async () => {
  const policy = { mode: "enforce" } as const;
  const flips = countFlips({});
  for (let n = 0; n < 400; n += 1) {
    const decision = JSON.parse(JSON.stringify(trafficNumber(n, { policy })));
    flips.add(decision, await redecide(decision, policy));
  }
  const { identical, decisions } = flips.report();
  assert.deepEqual([decisions, identical], [400, 400]);
});
